#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace drover::crypto {

/// Argon2id cost (OWASP minimum by default). Blocking and heavy: call on a worker pool.
struct password_cost {
  std::uint32_t memory_kib = 19 * 1024;
  std::uint32_t passes = 2;
};

/// PHC string "$argon2id$v=19$…".
result<std::string> hash_password(const secret& password, random_source&, password_cost = {});
/// Constant work for any stored hash of the same cost.
bool verify_password(const secret& password, const std::string& stored_hash);
/// The hash was made with less memory, fewer passes or another function.
bool is_weaker_than(const std::string& stored_hash, password_cost);
/// A hash of a random password: verified against for unknown users, so that they cost as much (SEC-27).
std::string make_dummy_hash(random_source&, password_cost = {});
/// 8–256 characters and not in the list of common ones; the error says which rule.
result<void> check_password_rules(const secret& password);

}  // namespace drover::crypto

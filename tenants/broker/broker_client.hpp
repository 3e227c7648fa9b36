#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

namespace drover::tenants {

/// A program of this machine that may have requests signed by the key broker.
struct broker_client {
  std::int64_t id = 0;
  /// 1 to 32 characters a-z 0-9 _ . -
  std::string name;
  /// Who the kernel must say is calling.
  std::uint32_t uid = 0;
  /// In order; it may use no others.
  std::vector<account_id> accounts;
  /// It may see the secrets themselves.
  bool may_reveal = false;
  int calls_per_second = 10;
  wall_time created_at;
  /// SHA-256 of the token, hex.
  std::string token_hash;
};

/// What a client is made of; the store adds the rest.
struct new_broker_client {
  std::string name;
  std::uint32_t uid = 0;
  std::vector<account_id> accounts;
  bool may_reveal = false;
  int calls_per_second = 10;
  std::string token_hash;
};

/// The kernel's word for every user that it cannot name in our user namespace (overflowuid): never a client's.
inline constexpr std::uint32_t unknown_uid = 65'534;
inline constexpr std::size_t broker_clients_limit = 256, broker_accounts_limit = 1'000;
inline constexpr int broker_calls_per_second_limit = 1'000;

/// tenant_errc::invalid names the field.
result<void> check_broker_client(const new_broker_client&);

}  // namespace drover::tenants

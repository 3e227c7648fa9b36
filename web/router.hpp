#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "web/request.hpp"

namespace drover::web {

struct services;

/// Who may call a route.
enum class access {
  anyone,
  /// Any active user with a good bearer token.
  user,
  admin,
  /// The machine itself (loopback, not through a proxy), or an administrator.
  local_or_admin,
};

/// Which budget a call is counted against; see web_limits.
/// emergency: as write, but a page that writes too much does not use it up.
enum class rate_class { unlimited, login, read, write, emergency, socket };

/// What a token must be backed by.
enum class proof {
  token,
  /// A login: no API token may do this.
  session,
  /// A login whose password was entered a short while ago (SEC-29).
  recent_password,
};

/// What becomes of a request that comes again with the same Idempotency-Key.
enum class repetition {
  /// The route takes no key: it changes nothing, sets something to a value, or must work while the database is away.
  unmarked,
  /// It is answered as the first was.
  once,
  /// It is told that it was done: the first answer held a secret that is shown once and kept nowhere.
  once_secret,
};

using handler_function = task<answer> (*)(request&, services&);

/// One line of the table of routes. All views are literals.
struct route {
  std::string_view method;
  /// "/user/exchanges/{id}", without a trailing slash; one is accepted on every route.
  std::string_view pattern;
  access who = access::user;
  rate_class rate = rate_class::read;
  handler_function handler = nullptr;
  proof needs = proof::token;
  repetition repeats = repetition::unmarked;
};

/// Finds the route of a method and path: one step per segment, literals before parameters. Immutable after
/// construction; any thread.
class router {
public:
  /// `routes` outlives the router.
  explicit router(std::span<const route> routes);

  struct outcome {
    const route* found = nullptr;
    /// The path exists, maybe with other verbs.
    bool path_known = false;
    /// Views into `path`.
    std::array<std::string_view, 2> parameters;
    /// "GET, HEAD, POST" when the path exists.
    std::string allow() const;
    std::span<const route* const> alternatives;
  };
  /// HEAD is answered by the route of GET.
  outcome find(std::string_view method, std::string_view path) const;

private:
  struct node {
    std::vector<std::pair<std::string_view, std::size_t>> literals;
    std::size_t parameter = 0;
    std::vector<const route*> routes;
  };
  std::size_t step(std::size_t from, std::string_view segment, outcome&, std::size_t& parameter_count) const;
  void add(const route&);
  std::vector<node> nodes_;
};

}  // namespace drover::web

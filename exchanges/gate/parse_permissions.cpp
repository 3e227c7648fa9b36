#include <memory>

#include "exchanges/gate/errors.hpp"
#include "exchanges/gate/parse.hpp"
#include "exchanges/gate/parse_detail.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::gate {

namespace {

json_source& source() {
  thread_local json_source kept;
  return kept;
}

bool is_missing_right(const error& e) { return e.code == make_error_code(exchange_errc::permission_missing); }

/// /account/detail speaks of the key that asks.
result<venue_reply> read_detail(const venue_call& call, const client_response& answer) {
  permissions own;
  if (answer.status >= 200 && answer.status <= 299) {
    if (!source().load(answer.body)) return std::unexpected(make_unreadable(call.op, "bytes"));
    json_fields f(source().document().get_object());
    own.read = tristate::yes;
    auto addresses = f.optional_array("ip_whitelist");
    bool any = false;
    if (addresses) {
      for (auto address : *addresses) {
        std::string_view text;
        if (address.get_string().get(text)) return std::unexpected(make_unreadable(call.op, "ip_whitelist"));
        any = any || !text.empty();
      }
      own.address_bound = any ? tristate::yes : tristate::no;
    }
    if (!f.ok()) return std::unexpected(make_unreadable(call.op, f.problem()));
  } else if (auto refusal = read_refusal(call.op, answer); !is_missing_right(refusal)) {
    return std::unexpected(std::move(refusal));
  }
  auto next = call;
  next.step = 1;
  next.earlier = std::make_shared<const venue_answer>(own);
  return venue_reply{own, std::move(next)};
}

/// What all keys of a list have in common.
struct common_right {
  bool in_all = true, in_none = true;
  void add(bool has) {
    in_all = in_all && has;
    in_none = in_none && !has;
  }
  tristate answer() const { return in_all == in_none ? tristate::unknown : in_all ? tristate::yes : tristate::no; }
};

/// /account/main_keys lists all keys of the account and does not say which of them asks: only what is true of every one counts.
result<permissions> read_keys(const venue_call& call, std::string_view body, permissions own) {
  if (!source().load(body)) return std::unexpected(make_unreadable(call.op, "bytes"));
  common_right trade, withdraw;
  std::string problem;
  const bool done = for_each_object(source(), problem, [&](json_fields& key) {
    bool trades = false, withdraws = false;
    key.each("perms", [&](json_fields& p) {
      const auto name = p.text("name");
      const bool writes = !p.optional_boolean("read_only").value_or(false);
      if (name == "spot") trades = writes;
      if (name == "withdraw" || name == "withdrawal") withdraws = writes;
    });
    trade.add(trades);
    withdraw.add(withdraws);
  });
  if (!done) return std::unexpected(make_unreadable(call.op, problem));
  own.trade = trade.answer();
  own.withdraw = withdraw.answer();
  return own;
}

}  // namespace

result<venue_reply> read_permissions_answer(const venue_call& call, const client_response& answer) {
  if (call.step == 0) return read_detail(call, answer);
  permissions own;
  if (call.earlier)
    if (const auto* known = std::get_if<permissions>(call.earlier.get())) own = *known;
  if (answer.status < 200 || answer.status > 299) {
    auto refusal = read_refusal(call.op, answer);
    const auto code = refusal.code;
    // Keys of sub-accounts may not list the keys of the main one.
    if (is_missing_right(refusal) || code == make_error_code(exchange_errc::refused) || answer.status == 404) return venue_reply{own, {}};
    return std::unexpected(std::move(refusal));
  }
  auto known = read_keys(call, answer.body, own);
  if (!known) return std::unexpected(known.error());
  return venue_reply{*known, {}};
}

}  // namespace drover::exchanges::gate

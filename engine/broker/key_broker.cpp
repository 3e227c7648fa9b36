#include "engine/broker/key_broker.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "crypto/mac.hpp"
#include "exchanges/call_arguments.hpp"
#include "exchanges/raw/call_text.hpp"
#include "tenants/accounts/account_service.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {

using exchanges::operation;
using tenants::broker_client;
using tenants::broker_use;

namespace {

const logger& log() {
  static const logger instance("broker");
  return instance;
}

/// Users and clients that the limiter remembers at once.
constexpr std::size_t tracked_keys = 4'096;
/// What of a caller's own words goes into a row of the trail.
constexpr std::size_t detail_limit_bytes = 400;
/// Groups of the limiter.
enum : unsigned { uid_group, client_group, refusal_group };

error unavailable(std::string why) {
  return {broker_errc::unavailable, std::move(why)};
}

/// What leaves a store, in the broker's words.
error to_broker_error(const error& e) {
  log().error("the broker's database does not answer", {{"err", e}});
  return unavailable("the engine's database is away; nothing is signed meanwhile");
}

error away(const std::string& exchange) {
  return unavailable("the exchange '" + exchange + "' is not configured");
}

/// Cut between characters: half of one is no text for a database.
std::string clip(std::string text) {
  if (text.size() <= detail_limit_bytes) return text;
  auto end = detail_limit_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

/// Words by which exchanges call what the broker never signs, under whatever name it is asked for.
bool moves_coins(std::string_view op) {
  constexpr std::array<std::string_view, 6> words{"withdraw", "transfer", "deposit", "payout", "convert", "address"};
  return std::ranges::any_of(words, [&](std::string_view word) { return op.contains(word); });
}

result<operation> parse_offered(const std::string& name) {
  if (moves_coins(name)) return fail(broker_errc::moves_coins, "the broker signs nothing that moves coins out");
  const auto op = exchanges::parse_operation(name);
  if (!op) return fail(broker_errc::not_offered, op.error().detail);
  if (!exchanges::is_private(*op))
    return fail(broker_errc::not_offered, name + " needs no signature; ask the exchange itself");
  if (*op == operation::set_dead_man)
    return fail(broker_errc::not_offered, "the engine keeps the exchange's dead man's switch itself");
  return *op;
}

bool opens_orders(operation op) {
  return op == operation::create_order;
}

result<exchanges::venue_call> read_call(const broker_call& call) {
  const auto op = parse_offered(call.op);
  if (!op) return std::unexpected(op.error());
  const auto arguments = parse_json(call.arguments);
  if (!arguments) return fail(broker_errc::bad_arguments, arguments.error().detail);
  auto read = exchanges::read_venue_call(*op, *arguments);
  if (!read) return fail(broker_errc::bad_arguments, read.error().detail);
  if (auto plain = check_texts(*read); !plain) return std::unexpected(plain.error());
  if (read->validity_window <= 0ms || read->validity_window > key_broker::validity_limit)
    return fail(broker_errc::bad_arguments,
                "validity_window_ms must be from 1 to " + std::to_string(key_broker::validity_limit.count()));
  return read;
}

/// Each thing once: readers of arguments put a symbol and an id wherever an operation may look for it.
std::string describe_sign(exchanges::venue_call call) {
  if (call.op == operation::create_order) call.of = {};
  if (call.op == operation::create_order || call.symbol == call.of.symbol) call.symbol.clear();
  const auto arguments = exchanges::write_call_arguments(call);
  return std::string(exchanges::to_string(call.op)) + (arguments.empty() ? "" : " " + arguments);
}

/// Both as long as the other whatever they are: every token of the user is looked at.
const broker_client* find_by_token(const std::vector<broker_client>& clients, const secret& token) {
  const auto hash = to_hex(crypto::sha256(token.reveal()));
  const broker_client* found = nullptr;
  for (const auto& client : clients)
    if (constant_time_equal(client.token_hash, hash)) found = &client;
  return found;
}

std::string why_denied(std::uint32_t uid, bool has_none) {
  if (uid == tenants::unknown_uid)
    return "the kernel does not say which user calls (is the engine in a user namespace: PrivateUsers=yes?)";
  const auto user = "user " + std::to_string(uid);
  return has_none ? user + " has no client here" : "the token is not one of " + user + "'s clients";
}

task<commit_queue<broker_use, bool>::answers> write_uses(tenants::broker_client_store& store,
                                                         std::vector<broker_use> uses) {
  const auto count = uses.size();
  auto written = co_await store.record(std::move(uses));
  commit_queue<broker_use, bool>::answers out;
  for (std::size_t i = 0; i < count; ++i) {
    if (written)
      out.emplace_back((*written)[i]);
    else
      out.emplace_back(std::unexpected(to_broker_error(written.error())));
  }
  co_return out;
}

}  // namespace

/// Who calls, and as which client.
struct key_broker::caller {
  broker_peer peer;
  broker_client client;
  std::string describe() const {
    return "client=" + client.name + " uid=" + std::to_string(peer.uid) + " pid=" + std::to_string(peer.pid);
  }
};

key_broker::key_broker(key_broker_parts parts)
    : parts_(std::move(parts)),
      limiter_(tracked_keys, parts_.random.next_u64()),
      record_(parts_.executor, {.flights = 1, .batch = commit_batch, .waiting = waiting_limit}, nullptr,
              unavailable("too many calls wait to be put on record; try again"),
              [this](std::vector<broker_use> uses) { return write_uses(parts_.clients, std::move(uses)); }) {}

task<secret> key_broker::answer(broker_peer peer, secret line) {
  std::string tag;
  auto call = parse_broker_call(line.reveal(), tag);
  if (!call) co_return render_refusal(call.error(), tag);
  try {
    auto outcome = co_await serve(peer, *call);
    if (outcome) co_return std::move(*outcome);
    co_return render_refusal(outcome.error(), tag);
  } catch (const std::exception& e) {
    log().error("a call of the broker threw", {{"uid", peer.uid}, {"err", e.what()}});
  }
  const error broken = unavailable("something went wrong in the engine; see its log");
  co_return render_refusal(broken, tag);
}

task<result<secret>> key_broker::serve(broker_peer peer, const broker_call& call) {
  if (!parts_.is_open()) co_return std::unexpected(unavailable("the engine is starting or stopping"));
  auto client = co_await admit(peer, call);
  if (!client) co_return std::unexpected(client.error());
  caller who{peer, std::move(*client)};
  const bool given = std::ranges::binary_search(who.client.accounts, call.account);
  if (!given) {
    error why(broker_errc::not_given, "account " + std::to_string(call.account.value) + " is not one of this client's");
    co_return co_await refuse(std::move(who), call.account, std::move(why));
  }
  if (call.what == broker_call::kind::reveal) co_return co_await reveal(std::move(who), call);
  co_return co_await sign(std::move(who), call);
}

/// The kernel's word first: a token is worth nothing in another user's hands.
task<result<broker_client>> key_broker::admit(broker_peer peer, const broker_call& call) {
  const auto now = parts_.timers.get_clock().now();
  const auto of_uid = limiter_.count(uid_group, std::to_string(peer.uid), calls_of_uid, now);
  if (!of_uid.allowed) {
    error why(broker_errc::too_many, "this user calls too often");
    why.retry_after = std::chrono::ceil<milliseconds>(of_uid.retry_after);
    co_return std::unexpected(std::move(why));
  }
  auto clients = co_await parts_.clients.list_of_uid(peer.uid);
  if (!clients) co_return std::unexpected(to_broker_error(clients.error()));
  const auto* found = find_by_token(*clients, call.token);
  if (found == nullptr) {
    error why(broker_errc::denied, why_denied(peer.uid, clients->empty()));
    co_await note_denied(peer, why);
    co_return std::unexpected(std::move(why));
  }
  const rate_limit budget{found->calls_per_second, found->calls_per_second};
  const auto of_client = limiter_.count(client_group, std::to_string(found->id), budget, now);
  if (of_client.allowed) co_return *found;
  error why(broker_errc::too_many, "at most " + std::to_string(found->calls_per_second) + " calls a second");
  why.retry_after = std::chrono::ceil<milliseconds>(of_client.retry_after);
  auto refused = co_await refuse({peer, *found}, call.account, why);
  co_return std::unexpected(std::move(refused.error()));
}

task<result<secret>> key_broker::sign(caller who, const broker_call& asked) {
  auto call = read_call(asked);
  if (!call) co_return co_await refuse(std::move(who), asked.account, std::move(call.error()));
  auto row = co_await find_account(asked.account);
  if (!row) co_return co_await refuse(std::move(who), asked.account, std::move(row.error()));
  const auto account = row->account;
  const auto venue = parts_.venues.find(tenants::venue_of(account.exchange_name, account.region));
  if (venue == parts_.venues.end()) co_return std::unexpected(away(account.exchange_name));
  auto request = venue->second.protocol->make_request(*call);
  if (!request) {
    error why(broker_errc::bad_arguments, request.error().detail);
    co_return co_await refuse(std::move(who), asked.account, std::move(why));
  }
  trading_word word;
  auto free = co_await check_halt(account, call->op, word);
  if (!free) co_return co_await refuse(std::move(who), asked.account, std::move(free.error()));
  auto recorded = co_await put_on_record(who, asked.account, "broker.sign", describe_sign(*call));
  if (!recorded) co_return std::unexpected(std::move(recorded.error()));
  // Writing took its time: what was locked meanwhile is locked.
  free = co_await check_halt(account, call->op, word);
  if (!free) co_return co_await refuse(std::move(who), asked.account, std::move(free.error()));
  auto keys = co_await open_keys(std::move(*row));
  if (!keys) co_return co_await refuse(std::move(who), asked.account, std::move(keys.error()));

  exchanges::signing_context context;
  context.server_now = wall_time::from_ms((parts_.timers.get_clock().wall_now() + word.clock_offset).ms());
  context.validity_window = call->validity_window;
  // One counter for all keys: greater than every one before, about the venue's milliseconds.
  context.nonce = last_nonce_ = std::max(last_nonce_ + 1, context.server_now.ms());
  context.random_hex = parts_.random.hex(16);
  context.base_url = venue->second.base_url;
  auto made = venue->second.protocol->sign(std::move(*request), &*keys, context);
  if (!made) {
    error why(broker_errc::account_not_ready, "the account's key cannot sign: " + made.error().detail);
    co_return co_await refuse(std::move(who), asked.account, std::move(why));
  }
  const signed_request done{std::move(*made), context.server_now, context.validity_window, context.nonce};
  co_return render_signed(done, asked.tag);
}

task<result<secret>> key_broker::reveal(caller who, const broker_call& asked) {
  std::string why_not;
  if (!who.client.may_reveal)
    why_not = "the operator has not let this client see secrets (engine broker add --allow reveal)";
  if (parts_.is_locked_down()) why_not = "the engine is in lockdown";
  if (!why_not.empty()) {
    error why(broker_errc::reveal_off, std::move(why_not));
    co_return co_await refuse(std::move(who), asked.account, std::move(why));
  }
  auto row = co_await find_account(asked.account);
  if (!row) co_return co_await refuse(std::move(who), asked.account, std::move(row.error()));
  const auto exchange = row->account.exchange_name;
  auto recorded = co_await put_on_record(who, asked.account, "broker.reveal",
                                         "version=" + std::to_string(row->account.credential_version));
  if (!recorded) co_return std::unexpected(std::move(recorded.error()));
  auto keys = co_await open_keys(std::move(*row));
  if (!keys) co_return co_await refuse(std::move(who), asked.account, std::move(keys.error()));
  log().warn("a client of the broker was shown the keys of an account",
             {{"client", who.client.name}, {"account", asked.account}});
  co_return render_revealed(*keys, exchange, asked.tag);
}

task<result<tenants::runnable_account>> key_broker::find_account(account_id id) {
  auto row = co_await parts_.accounts.load_runnable(id);
  if (!row) co_return std::unexpected(to_broker_error(row.error()));
  if (*row) co_return std::move(**row);
  co_return fail(broker_errc::account_not_ready,
                 "account " + std::to_string(id.value) + " is not approved and switched on");
}

task<result<void>> key_broker::check_halt(const tenants::account& account, operation op, trading_word& word) {
  order_owner owner{.user = account.user, .account = account.id, .exchange = account.exchange_name, .bot = {}};
  word = co_await parts_.ask_trading(std::move(owner), tenants::venue_of(account.exchange_name, account.region));
  if (opens_orders(op) && !word.halted.empty()) co_return fail(broker_errc::halted, word.halted);
  co_return result<void>();
}

task<result<void>> key_broker::put_on_record(const caller& who, account_id account, std::string action,
                                             std::string detail) {
  broker_use use{.client = who.client.id,
                 .action = std::move(action),
                 .account = account,
                 .detail = who.describe() + " " + detail};
  auto written = co_await record_.submit(std::move(use));
  if (!written) co_return std::unexpected(std::move(written.error()));
  if (!*written) co_return fail(broker_errc::denied, "the client was removed");
  co_return result<void>();
}

task<result<exchanges::credentials>> key_broker::open_keys(tenants::runnable_account row) {
  const auto account = row.account.id;
  tenants::credential_opener opener(parts_.keyring, std::move(row.credentials));
  auto clear = opener.open();
  if (clear)
    co_return exchanges::credentials{std::move(clear->api_key), std::move(clear->api_secret),
                                     std::move(clear->passphrase)};
  log().error("the keys of an account do not open", {{"account", account}, {"err", clear.error()}});
  co_return fail(broker_errc::account_not_ready, "the stored keys of account " + std::to_string(account.value) +
                                                     " do not open; they must be entered again");
}

std::string key_broker::suppressed_text() {
  const auto count = std::exchange(suppressed_, 0);
  return count == 0 ? std::string() : " (and " + std::to_string(count) + " refusals before, not written one by one)";
}

/// A refusal is on record too, as far as its budget goes: whoever is refused all the time must not fill the trail.
task<result<secret>> key_broker::refuse(caller who, account_id account, error why) {
  const auto now = parts_.timers.get_clock().now();
  if (!limiter_.count(refusal_group, std::to_string(who.client.id), audited_refusals, now).allowed) {
    ++suppressed_;
    co_return std::unexpected(std::move(why));
  }
  log().info("a call of the broker was refused",
             {{"client", who.client.name}, {"uid", who.peer.uid}, {"account", account}, {"code", why.code.message()}});
  auto written = co_await put_on_record(who, account, "broker.refuse",
                                        clip(why.code.message() + ": " + why.detail) + suppressed_text());
  if (!written)
    log().warn("a refusal of the broker is not on record", {{"client", who.client.name}, {"err", written.error()}});
  co_return std::unexpected(std::move(why));
}

/// No client to hang it on: a row by itself.
task<void> key_broker::note_denied(broker_peer peer, const error& why) {
  const auto now = parts_.timers.get_clock().now();
  if (!limiter_.count(refusal_group, "uid " + std::to_string(peer.uid), audited_refusals, now).allowed) {
    ++suppressed_;
    co_return;
  }
  log().warn("somebody without a right to it called the broker", {{"uid", peer.uid}, {"pid", peer.pid}});
  tenants::audit_event event{.actor = {},
                             .action = "broker.deny",
                             .object = "uid:" + std::to_string(peer.uid),
                             .detail = "pid=" + std::to_string(peer.pid) + " " + why.detail + suppressed_text()};
  auto written = co_await parts_.audit.append(std::move(event));
  if (!written) log().warn("a refusal of the broker is not on record", {{"uid", peer.uid}, {"err", written.error()}});
}

}  // namespace drover::engine

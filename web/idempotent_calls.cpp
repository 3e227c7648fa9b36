#include "web/idempotent_calls.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.hpp"
#include "base/failpoint.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "crypto/mac.hpp"

namespace drover::web {

using tenants::idempotency_claim;
using tenants::idempotency_place;
using tenants::kept_answer;

namespace {

const logger& log() {
  static const logger instance("web");
  return instance;
}

constexpr std::string_view key_header = "Idempotency-Key", replayed_header = "Idempotent-Replayed";

bool is_key(std::string_view key) {
  return key.size() <= idempotent_calls::key_limit &&
         std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
}

idempotency_place place_of(const request& r, const route& target) {
  return {.user = r.caller_id(),
          .route = std::string(target.method) + " " + std::string(target.pattern),
          .key = std::string(find_header(r.http.headers, key_header))};
}

/// Of what is asked for, apart from who asks and how.
std::string hash_of(const request& r) {
  std::string text = r.http.path;
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  text += '\n' + r.http.query + '\n' + r.http.body;
  auto hash = to_hex(crypto::sha256(text));
  wipe_memory(text.data(), text.size());
  return hash;
}

/// The request was refused for what it is, before anything was begun: put right, it may come under the same key.
bool refuses_unbegun(int status) {
  constexpr std::array statuses{400, 401, 403, 413, 415, 422, 429};
  return std::ranges::find(statuses, status) != statuses.end();
}

kept_answer to_kept(const net::http_response& response, bool holds_secret) {
  json headers = json::array();
  for (const auto& [name, value] : response.headers) headers.push_back({name, value});
  kept_answer out{.status = response.status, .headers = headers.dump(-1, ' ', false, json::error_handler_t::replace)};
  const bool is_refusal = response.status >= 400;
  const bool keeps = !response.shared_body && response.body.size() <= idempotent_calls::answer_limit_bytes;
  if (keeps && (is_refusal || !holds_secret)) out.body = response.body;
  return out;
}

net::http_response to_response(const kept_answer& kept) {
  net::http_response out{.status = kept.status};
  const auto headers = json::parse(kept.headers, nullptr, false);
  if (headers.is_array())
    for (const auto& pair : headers)
      out.headers.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  out.headers.emplace_back(std::string(replayed_header), "true");
  out.body = *kept.body;
  return out;
}

problem make_conflict(std::string_view type, std::string title, std::string detail) {
  return {409, type, std::move(title), std::move(detail)};
}

problem make_in_progress() {
  auto p =
      make_conflict("request-in-progress", "Request in progress",
                    "A request with this Idempotency-Key is being carried out; its answer will be here in a moment.");
  p.headers.emplace_back("Retry-After", "1");
  return p;
}

problem to_problem(const idempotency_claim& claim, bool holds_secret) {
  using enum idempotency_claim::state;
  if (claim.what == other_request)
    return {422,
            "idempotency-key-reused",
            "Idempotency-Key used before",
            "This Idempotency-Key belongs to another request; take a new key for each.",
            {{std::string(key_header), "was used for another request"}}};
  if (claim.what == full)
    return {429,
            "too-many-idempotency-keys",
            "Too many Idempotency-Keys",
            "At most " + std::to_string(tenants::idempotency_store::keys_per_user) +
                " keys are kept in 24 hours; send fewer, or requests without one.",
            {},
            {{"Retry-After", "3600"}}};
  if (claim.what == unfinished)
    return make_conflict("outcome-unknown", "Outcome unknown",
                         "A request with this Idempotency-Key was begun, and whether it was done is not on record; it "
                         "is not done again. Look, and take "
                         "a new key to repeat it.");
  const std::string status = std::to_string(claim.answer->status);
  if (holds_secret)
    return make_conflict(
        "shown-once", "Done, and shown once",
        "This request was done (" + status +
            "). Its answer held a secret that is not kept; revoke what was made and make another one.");
  return make_conflict(
      "answer-not-kept", "Done, and not kept",
      "This request was done (" + status + "). Its answer was too large to keep; look at what was made.");
}

}  // namespace

/// A place that a request of this process is at.
class idempotent_calls::flight {
public:
  flight(std::set<idempotency_place>& all, const idempotency_place& place) : all_(all) {
    const auto [at, first] = all_.insert(place);
    if (first) mine_ = at;
  }
  ~flight() {
    if (mine_) all_.erase(*mine_);
  }
  flight(const flight&) = delete;
  flight& operator=(const flight&) = delete;
  bool is_first() const { return mine_.has_value(); }

private:
  std::set<idempotency_place>& all_;
  std::optional<std::set<idempotency_place>::iterator> mine_;
};

bool idempotent_calls::wants(const request& r, const route& target) const {
  return store_ != nullptr && target.repeats != repetition::unmarked && r.caller &&
         !find_header(r.http.headers, key_header).empty();
}

task<net::http_response> idempotent_calls::run(const request& r, const route& target, carry_out work) {
  auto place = place_of(r, target);
  if (!is_key(place.key)) {
    const problem bad{422,
                      "validation",
                      "Validation failed",
                      "Idempotency-Key: 1 to 64 visible characters are expected.",
                      {{std::string(key_header), "1 to 64 visible characters are expected"}}};
    co_return render_problem(bad, r.http.path, r.id);
  }
  const flight mine(in_flight_, place);
  if (!mine.is_first()) co_return render_problem(make_in_progress(), r.http.path, r.id);
  auto claim = co_await store_->claim(place, hash_of(r));
  if (!claim) co_return render_problem(web::to_problem(claim.error()), r.http.path, r.id);
  if (claim->answer && claim->answer->body) co_return to_response(*claim->answer);
  if (claim->what != idempotency_claim::state::claimed)
    co_return render_problem(to_problem(*claim, target.repeats == repetition::once_secret), r.http.path, r.id);
  auto response = co_await work();
  failpoint("web.before_keeping_answer");
  co_await keep(std::move(place), target, response);
  co_return response;
}

/// The request has been carried out whatever becomes of this: when it fails, the key stays one whose outcome is not on
/// record.
task<void> idempotent_calls::keep(idempotency_place place, const route& target, const net::http_response& response) {
  result<void> kept;
  if (refuses_unbegun(response.status)) {
    kept = co_await store_->release(std::move(place));
  } else {
    auto answer = to_kept(response, target.repeats == repetition::once_secret);
    kept = co_await store_->finish(std::move(place), std::move(answer));
  }
  if (!kept)
    log().warn("an answer is not on record for its Idempotency-Key",
               {{"route", target.pattern}, {"err", kept.error()}});
}

}  // namespace drover::web

#include "tenants/audit/audit_trail.hpp"

#include "base/encoding.hpp"

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace drover::tenants {
namespace {

constexpr std::string_view format = "drover-audit-trail-v1";
/// A detail is at most a few hundred characters.
constexpr json_limits line_limits{.size_bytes = 1024 * 1024, .depth = 4};

chain_link link_of(const json& j) {
  chain_link out{
      .seq = j.at("seq"), .event = j.at("event"), .hash = from_hex(j.at("hash").get<std::string>()).value(), .row = {}};
  if (!j.contains("at")) return out;
  out.row = audit_record{.seq = out.seq,
                         .id = out.event,
                         .at = parse_rfc3339(j.at("at").get<std::string>()).value(),
                         .actor = user_id(j.at("actor").get<std::int64_t>()),
                         .action = j.at("action"),
                         .object = j.at("object"),
                         .detail = j.at("detail")};
  return out;
}

/// One line after the first; absent members throw.
bool visit(const json& j, trail_visitor& to) {
  if (j.contains("signature")) return to.head(parse_head(j.dump()).value());
  if (j.contains("event")) return to.link(link_of(j));
  if (j.contains("public_key")) return to.key(j.at("public_key"));
  if (j.contains("unchained")) return to.unchained(j.at("unchained"));
  return to.credentials({account_id(j.at("account").get<std::int64_t>()), j.at("stored"), j.at("recorded")});
}

std::unexpected<error> bad_line(const std::filesystem::path& path, std::int64_t line) {
  return fail(errc::malformed, path.string() + " line " + std::to_string(line) + " is not of an exported audit trail");
}

}  // namespace

result<void> read_trail(const std::filesystem::path& path, trail_visitor& to) {
  std::ifstream file(path);
  if (!file) return fail(errc::io, path.string() + " cannot be read");
  std::string line;
  for (std::int64_t number = 1; std::getline(file, line); ++number) {
    const auto read = parse_json(line, line_limits);
    if (!read || !read->is_object() || (number == 1) != read->contains("format")) return bad_line(path, number);
    if (number == 1) {
      if (read->at("format") != format) return bad_line(path, number);
      continue;
    }
    if (read->contains("end")) return {};
    try {
      if (!visit(*read, to)) return {};
    } catch (const std::exception&) {
      return bad_line(path, number);
    }
  }
  return fail(errc::malformed, path.string() + " was cut: its last line is not there; export it again");
}

trail_writer::trail_writer(line_sink sink) : sink_(std::move(sink)) {
  write(json{{"format", format}}.dump());
}

bool trail_writer::write(std::string_view line) {
  if (outcome_) outcome_ = sink_(std::string(line) + "\n");
  return outcome_.has_value();
}

bool trail_writer::key(const std::string& pem) {
  return write(json{{"public_key", pem}}.dump());
}
bool trail_writer::head(audit_head h) {
  return write(to_line(h));
}

bool trail_writer::link(const chain_link& l) {
  ++rows_;
  json line{{"seq", l.seq}, {"event", l.event}, {"hash", to_hex(l.hash)}};
  if (l.row) {
    line["at"] = to_rfc3339(l.row->at);
    line["actor"] = l.row->actor.value;
    line["action"] = l.row->action;
    line["object"] = l.row->object;
    line["detail"] = l.row->detail;
  }
  return write(line.dump());
}

bool trail_writer::unchained(std::int64_t event) {
  return write(json{{"unchained", event}}.dump());
}

bool trail_writer::credentials(const credential_facts& f) {
  return write(json{{"account", f.account.value}, {"stored", f.stored}, {"recorded", f.recorded}}.dump());
}

result<void> trail_writer::finish() {
  write(json{{"end", rows_}}.dump());
  return outcome_;
}

result<std::vector<audit_head>> read_head_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return fail(errc::not_found, path.string() + " cannot be read");
  std::vector<audit_head> heads;
  for (std::string line; std::getline(file, line);)
    if (auto head = parse_head(line)) heads.push_back(std::move(*head));
  return heads;
}

namespace {

class verifier final : public trail_visitor {
public:
  verifier(std::vector<audit_head> heads, std::optional<audit_keys> keys)
      : heads_(std::move(heads)), keys_(std::move(keys)) {
    own_ = !keys_.has_value();
  }

  bool key(const std::string& pem) override {
    if (!own_) return true;
    if (!keys_) keys_.emplace();
    if (!keys_->add(pem)) out_.fault = trail_fault{0, "a public key of the trail is none"};
    return !out_.fault;
  }
  bool head(audit_head h) override {
    heads_.push_back(std::move(h));
    return true;
  }
  bool link(const chain_link& l) override {
    out_.fault = checker().add(l);
    return !out_.fault;
  }
  bool unchained(std::int64_t event) override {
    if (end_chain()) out_.fault = trail_checker::unchained(event);
    return false;
  }
  bool credentials(const credential_facts& facts) override {
    if (end_chain()) out_.fault = checker().add(facts);
    return !out_.fault;
  }
  trail_verdict finish() {
    end_chain();
    out_.summary = checker().summary();
    out_.trusted_own_keys = own_;
    return out_;
  }

private:
  /// All heads and keys are known when it is asked for.
  trail_checker& checker() {
    if (checker_) return *checker_;
    checker_.emplace(keys_ ? std::move(*keys_) : audit_keys());
    for (auto& h : heads_) checker_->add_head(std::move(h));
    checker_->begin();
    return *checker_;
  }
  bool end_chain() {
    if (!out_.fault && !std::exchange(ended_, true)) out_.fault = checker().end();
    return !out_.fault;
  }

  std::vector<audit_head> heads_;
  std::optional<audit_keys> keys_;
  std::optional<trail_checker> checker_;
  trail_verdict out_;
  bool own_ = false, ended_ = false;
};

}  // namespace

result<trail_verdict> verify_trail(const std::function<result<void>(trail_visitor&)>& read,
                                   std::vector<audit_head> heads, std::optional<audit_keys> keys) {
  verifier checking(std::move(heads), std::move(keys));
  auto done = read(checking);
  if (!done) return std::unexpected(done.error());
  return checking.finish();
}

}  // namespace drover::tenants

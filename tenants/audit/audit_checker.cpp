#include "tenants/audit/audit_checker.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace drover::tenants {
namespace {

std::optional<std::int64_t> number_after(std::string_view text, std::string_view word) {
  const auto at = text.rfind(word);
  if (at == text.npos) return std::nullopt;
  text.remove_prefix(at + word.size());
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string span_text(std::int64_t from, std::int64_t to) {
  return from == to ? fmt::format("row {} is", from) : fmt::format("rows {} to {} are", from, to);
}

}  // namespace

void trail_checker::begin() {
  std::ranges::sort(heads_, {}, &audit_head::seq);
}

std::optional<trail_fault> trail_checker::add(const chain_link& link) {
  const auto expected = summary_.rows + 1;
  if (link.seq < expected) return trail_fault{link.seq, fmt::format("row {} is there twice", link.seq)};
  if (link.seq > expected)
    return trail_fault{expected, span_text(expected, link.seq - 1) + " missing: deleted, or moved to another place"};
  if (!link.row)
    return trail_fault{link.seq,
                       fmt::format("row {} (event {}) was deleted: only its hash is left", link.seq, link.event)};
  if (chain_hash(before_, *link.row) != link.hash)
    return trail_fault{
        link.seq,
        fmt::format("row {} (event {}) was changed, inserted or put into another's place: its hash is not that of "
                    "its content after row {}",
                    link.seq, link.event, link.seq - 1)};
  if (auto fault = check_heads_of(link)) return fault;
  note_credentials(*link.row);
  before_ = link.hash;
  summary_.rows = link.seq;
  return std::nullopt;
}

std::optional<trail_fault> trail_checker::check_heads_of(const chain_link& link) {
  for (; next_head_ < heads_.size() && heads_[next_head_].seq <= link.seq; ++next_head_) {
    const auto& head = heads_[next_head_];
    if (head.seq < link.seq)
      return trail_fault{head.seq, fmt::format("a head names row {}, which there cannot be", head.seq)};
    const auto at = to_rfc3339(head.signed_at);
    if (!keys_.knows(head.key_id))
      return trail_fault{head.seq, fmt::format("the head of row {} ({}) is signed by a key that was not given ({})",
                                               head.seq, at, head.key_id)};
    if (!keys_.verify(head))
      return trail_fault{head.seq, fmt::format("the head of row {} ({}) is not signed by its key", head.seq, at)};
    if (head.hash != link.hash)
      return trail_fault{
          summary_.signed_to + 1,
          fmt::format("row {} is not the one that was signed at {}: rows from {} on were written anew, hashes and all",
                      head.seq, at, summary_.signed_to + 1)};
    summary_.heads += 1;
    summary_.signed_to = head.seq;
    summary_.signed_at = head.signed_at;
  }
  return std::nullopt;
}

std::optional<trail_fault> trail_checker::end() {
  if (next_head_ == heads_.size()) return std::nullopt;
  // A head that nobody signed proves nothing about rows.
  for (; next_head_ < heads_.size(); ++next_head_) {
    const auto& head = heads_[next_head_];
    if (!keys_.verify(head))
      return trail_fault{head.seq, fmt::format("the head of row {} is not signed by a key that was given ({})",
                                               head.seq, head.key_id)};
  }
  const auto& last = heads_.back();
  return trail_fault{summary_.rows + 1,
                     fmt::format("the trail is cut off behind row {}: row {} was there at {}, when it was signed",
                                 summary_.rows, last.seq, to_rfc3339(last.signed_at))};
}

trail_fault trail_checker::unchained(std::int64_t event) {
  return {0,
          fmt::format(
              "event {} is in no place of the chain: inserted past the database's own rules, or its link was deleted",
              event)};
}

void trail_checker::note_credentials(const audit_record& row) {
  if (!row.action.starts_with("account.")) return;
  const auto account = number_after(row.object, "account:");
  if (!account) return;
  auto& version = versions_[*account];
  if (row.action == "account.create" || row.action == "account.replace_credentials")
    version = number_after(row.detail, " version ").value_or(1);
  else if (row.action == "account.delete")
    version += 1;
}

std::optional<trail_fault> trail_checker::add(const credential_facts& facts) const {
  const auto found = versions_.find(facts.account.value);
  const auto known = found == versions_.end() ? 0 : found->second;
  if (facts.stored == known && facts.recorded == known) return std::nullopt;
  return trail_fault{
      0,
      fmt::format("the credentials of account {} are of version {} ({} by the record of versions), the trail knows {}",
                  facts.account.value, facts.stored, facts.recorded, known)};
}

}  // namespace drover::tenants

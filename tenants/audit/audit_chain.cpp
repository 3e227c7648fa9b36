#include "tenants/audit/audit_chain.hpp"

#include "crypto/mac.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t hash_bytes = 32;

void add_netstring(std::string& out, std::string_view content) {
  out += std::to_string(content.size());
  out += ':';
  out += content;
  out += ',';
}

void add_netstring(std::string& out, std::int64_t number) {
  add_netstring(out, std::to_string(number));
}

}  // namespace

std::string chain_start() {
  return std::string(hash_bytes, '\0');
}

std::string chain_hash(std::string_view before, const audit_record& row) {
  std::string bytes(before);
  add_netstring(bytes, row.seq);
  add_netstring(bytes, row.id);
  add_netstring(bytes, std::chrono::floor<std::chrono::microseconds>(row.at.since_epoch).count());
  add_netstring(bytes, row.actor.valid() ? std::to_string(row.actor.value) : std::string());
  add_netstring(bytes, row.action);
  add_netstring(bytes, row.object);
  add_netstring(bytes, row.detail);
  return crypto::sha256(bytes);
}

}  // namespace drover::tenants

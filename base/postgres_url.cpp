#include "base/postgres_url.hpp"

#include <libpq-fe.h>

#include <memory>

namespace drover {

result<std::map<std::string, std::string>> parse_database_url(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(PQconninfoParse(url.c_str(), nullptr), PQconninfoFree);
  if (!parsed) return fail(errc::malformed, "is not a libpq connection string");
  std::map<std::string, std::string> values;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) values[option->keyword] = option->val;
  return values;
}

}  // namespace drover

#include "engine/strategies/strategy.hpp"
#include "web/api/handlers.hpp"
#include "web/json_writer.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

void end_page(json_writer& w, std::size_t total) {
  w.end_array().key("next_cursor").null().member("total", total).end_object();
}

void write_exchange(json_writer& w, const std::string& name, const tenants::exchange_catalogue& catalogue) {
  w.begin_object().member("name", name).member("needs_passphrase", catalogue.needs_passphrase(name));
  w.key("regions").begin_array();
  for (const auto& region : catalogue.regions_of(name))
    w.begin_object().member("name", region.name).member("base_url", region.base_url).end_object();
  w.end_array().end_object();
}

}  // namespace

/// GET /api/v1/exchanges: what accounts can be connected to.
task<answer> handle_list_exchanges(request& r, services& s) {
  query_reader query(r);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  const auto& catalogue = s.parts.accounts.catalogue();
  json_writer w;
  w.begin_object().key("items").begin_array();
  for (const auto& name : catalogue.names)
    write_exchange(w, name, catalogue);
  end_page(w, catalogue.names.size());
  co_return json_response(200, w.take());
}

/// GET /api/v1/strategies: the kinds of strategies with the schema of their parameters.
task<answer> handle_list_strategies(request& r, services&) {
  query_reader query(r);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  const auto& kinds = engine::strategy_kinds();
  json_writer w(4096);
  w.begin_object().key("items").begin_array();
  for (const auto& kind : kinds) {
    w.begin_object().member("name", kind.name).member("summary", kind.summary);
    w.key("parameter_schema").raw(kind.parameter_schema).end_object();
  }
  end_page(w, kinds.size());
  co_return json_response(200, w.take());
}

}  // namespace drover::web::api

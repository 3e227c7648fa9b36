#pragma once

#include <span>
#include <string_view>

#include "engine/history/history_store.hpp"
#include "engine/history/order_life.hpp"
#include "engine/orders/external_order.hpp"
#include "web/csv_writer.hpp"
#include "web/json_writer.hpp"

/// Orders and fills as the API shows them.
namespace drover::web::api {

/// The state of orders that the engine did not place.
constexpr std::string_view external_state = "external";

/// An object; `close` false leaves it open for further members.
void write_order(json_writer&, const engine::order_record&, bool close = true);
void write_external_order(json_writer&, const engine::external_order&);
void write_fill(json_writer&, const engine::fill_record&);
void write_life(json_writer&, std::span<const engine::life_event>);

/// A CSV of orders or fills; rows in the order of the titles.
void write_order_titles(csv_writer&);
void write_row(csv_writer&, const engine::order_record&);
void write_row(csv_writer&, const engine::external_order&);
void write_fill_titles(csv_writer&);
void write_row(csv_writer&, const engine::fill_record&);

}  // namespace drover::web::api

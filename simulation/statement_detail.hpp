#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "simulation/model_database.hpp"

namespace drover::simulation {

inline task<void> pause(world& w, nanoseconds span) {
  auto woken = std::make_shared<reply<bool>>();
  w.call_after(span, [woken] { woken->deliver(true); });
  co_await reply<bool>::wait(woken);
}

template <class T>
using statement = std::function<task<result<T>>()>;

/// What a statement that was lost answers, before and after its commit.
struct statement_errors {
  error away, in_doubt;
};

template <class T>
task<void> execute_statement(model_database& db, std::shared_ptr<const life_line> life, model_database::fate fate,
                             statement<T> work, std::shared_ptr<const statement_errors> errors,
                             std::shared_ptr<reply<result<T>>> answer) {
  co_await pause(db.get_world(), fate.before);
  // With its connection gone a statement that was on its way is done or not.
  const bool dropped = life->cut && db.get_world().random().below(2) == 0;
  if (dropped) co_return answer->deliver(std::unexpected(errors->away));
  if (fate.lost_before || db.is_down()) {
    answer->deliver(std::unexpected(errors->away));
    co_return;
  }
  auto value = co_await work();
  co_await pause(db.get_world(), fate.after);
  if (life->cut || fate.lost_after || db.is_down())
    answer->deliver(std::unexpected(errors->in_doubt));
  else
    answer->deliver(std::move(value));
}

/// One transaction: on its way, committed or not, on its way back. Each part may fail.
template <class T>
task<result<T>> run_statement(model_database& db, std::shared_ptr<const life_line> life, bool write, statement<T> work,
                              error away, error in_doubt) {
  auto answer = std::make_shared<reply<result<T>>>();
  auto errors = std::make_shared<const statement_errors>(statement_errors{std::move(away), std::move(in_doubt)});
  const auto fate = db.draw_fate(write);
  // A cut engine ends in peace: it hears that nothing works.
  if (life->cut) co_return std::unexpected(errors->away);
  db.statements().spawn("statement", execute_statement<T>(db, life, fate, std::move(work), errors, answer));
  auto value = co_await reply<result<T>>::wait(answer);
  co_return value;
}

}  // namespace drover::simulation

#include "app/process_watch.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "app/process_hardening.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"

namespace drover::app {
namespace {

const logger& log() {
  static const logger instance("app");
  return instance;
}

constexpr nanoseconds look_interval = 100ms;
constexpr nanoseconds report_interval = 1s;
/// A start that waits for others (database, exchanges) is not to be given up by the service manager, one that hangs is.
constexpr const char* extension = "EXTEND_TIMEOUT_USEC=10000000";
constexpr const char* turn_mark_name = "turn_mark";

}  // namespace

process_watch::process_watch(process_watch_parts parts)
    : parts_(std::move(parts)),
      trading_sign_(signs_.add("the trading thread", parts_.trading_timers.get_clock().now())),
      web_sign_(signs_.add("the web thread", parts_.web_timers.get_clock().now())),
      writer_sign_(signs_.add("the raw record's writer", parts_.trading_timers.get_clock().now())),
      trading_heart_(parts_.trading_timers, trading_sign_,
                     [this](steady_time now) {
                       failpoint("app.trading_thread");
                       const auto progress = parts_.writer_progress();
                       if (std::exchange(last_progress_, progress) != progress) writer_sign_.beat(now);
                     }),
      web_heart_(parts_.web_timers, web_sign_, [](steady_time) { failpoint("app.web_thread"); }) {
  // Twice as often as half of it: a round that is not complete yet is asked for again in time.
  feed_interval_ = milliseconds(watchdog_interval_ms()) / 2;
}

process_watch::~process_watch() = default;

void process_watch::start() {
  asio::post(parts_.trading, [this] { trading_heart_.start(); });
  asio::post(parts_.web, [this] { web_heart_.start(); });
}

void process_watch::stop_trading_heart() {
  trading_heart_.stop();
}
void process_watch::stop_web_heart() {
  web_heart_.stop();
}

task<void> process_watch::run(timer_queue& timers) {
  for (;;) {
    failpoint("app.main_thread");
    look(timers.get_clock().now());
    co_await sleep_for(timers, look_interval);
  }
}

void process_watch::look(steady_time now) {
  if (parts_.turns != nullptr && !stopping_) {
    const auto stalled = trading_sign_.silent_for(now) - heart::interval;
    parts_.turns->note_stall(std::chrono::duration_cast<milliseconds>(std::max(stalled, nanoseconds::zero())));
  }
  if (feed_interval_ > 0ns && now >= next_feed_) feed(now);
  if (now >= next_report_) report(now);
}

void process_watch::feed(steady_time now) {
  if (!feeding_.take() && !stopping_) {
    const auto overdue = now - next_feed_ > feed_interval_;
    if (overdue && !std::exchange(silence_told_, true))
      log().error("the watchdog is not fed any more", {{"missing", feeding_.describe_missing(now)}});
    return;
  }
  silence_told_ = false;
  next_feed_ = now + feed_interval_;
  notify_supervisor("WATCHDOG=1");
}

void process_watch::report(steady_time now) {
  next_report_ = now + report_interval;
  if (stopping_) return;
  auto status = parts_.status();
  if (status != told_status_) notify_supervisor(("STATUS=" + status).c_str());
  told_status_ = std::move(status);
  if (ready_told_) return;
  if (parts_.is_ready()) {
    ready_told_ = true;
    notify_supervisor("READY=1");
    log().info("ready: every account has passed its recovery gate");
  } else if (starting_.take()) {
    notify_supervisor(extension);
  }
}

turn_mark_file::turn_mark_file(const std::string& folder) {
  auto opened = mapped_page::open(std::filesystem::path(folder) / turn_mark_name, engine::turn_mark::size_bytes);
  if (opened) {
    page_.emplace(std::move(*opened));
    mark_.emplace(page_->bytes());
  } else {
    log().warn("a bot that ends the process will not be found out: state_folder cannot be used",
               {{"err", opened.error()}});
    memory_ = std::make_unique<std::byte[]>(engine::turn_mark::size_bytes);
    mark_.emplace(std::span(memory_.get(), engine::turn_mark::size_bytes));
  }
  const auto& culprit = mark_->culprit();
  if (culprit)
    log().error("the last process died inside a bot's code; the bot is quarantined",
                {{"bot", culprit->bot},
                 {"call", to_string(culprit->call)},
                 {"signal", culprit->signal},
                 {"deaths", culprit->deaths}});
}

}  // namespace drover::app

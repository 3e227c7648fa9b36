#pragma once

#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "base/timer.hpp"
#include "base/transport.hpp"
#include "exchanges/raw/raw_recorder.hpp"
#include "exchanges/registry.hpp"
#include "tests/support/manual_time.hpp"

// Small real implementations of the interfaces around the exchanges: no sockets, no clock, no disk.
namespace drover::exchanges::test {

using drover::test::manual_clock;

struct owned_clock {
  manual_clock clock;
};

/// The manual timers with a clock of their own that begins in November 2024, and with an io_context to settle.
class manual_timers final : private owned_clock, public drover::test::manual_timers {
 public:
  manual_timers() : drover::test::manual_timers(clock) {
    clock.advance(steady_time{1h} - clock.now());
    clock.set_wall(wall_time::from_ms(1'732'104'000'000));
  }
  manual_clock& clock_of() { return clock; }

  using drover::test::manual_timers::advance;
  /// Runs what is due up to `until`, in order, and lets `io` settle after each.
  void advance_to(asio::io_context& io, steady_time until) {
    settle(io);
    while (clock.now() < until || next_is_due()) {
      const bool ran = advance_to_next(until - clock.now());
      settle(io);
      if (!ran) break;
    }
  }
  void advance(asio::io_context& io, nanoseconds by) { advance_to(io, clock.now() + by); }
  static void settle(asio::io_context& io) {
    io.restart();
    while (io.poll_one() > 0) {
    }
  }
};

/// Answers requests by a function of the test.
class fake_http final : public http_client {
 public:
  std::function<result<client_response>(const client_request&)> answer;
  std::vector<client_request> requests;
  task<result<client_response>> send(client_request request) override {
    auto withheld = request.why_not ? request.why_not() : std::string();
    if (!withheld.empty()) co_return fail(transport_errc::withheld, std::move(withheld));
    requests.push_back(request);
    auto said = answer(request);
    co_return said;
  }
};

/// One accepted connection as the venue's side sees it.
struct fake_line {
  explicit fake_line(executor ex) : arrived(std::move(ex)) {}
  std::vector<std::string> sent;
  std::deque<std::string> incoming;
  bool closed = false;
  wake_event arrived;

  void push(std::string frame) {
    incoming.push_back(std::move(frame));
    arrived.notify();
  }
  void cut() {
    closed = true;
    arrived.notify();
  }
};

class fake_socket final : public websocket_client {
 public:
  fake_socket(timer_queue& timers, std::shared_ptr<fake_line> line) : timers_(timers), line_(std::move(line)) {}
  task<result<std::string>> receive(nanoseconds idle_limit) override {
    while (line_->incoming.empty()) {
      if (line_->closed) co_return fail(transport_errc::closed, "cut");
      auto until = timers_.get_clock().now() + idle_limit;
      bool woken = co_await line_->arrived.wait_until(timers_, until);
      if (!woken) co_return fail(transport_errc::closed, "idle");
    }
    auto frame = std::move(line_->incoming.front());
    line_->incoming.pop_front();
    co_return frame;
  }
  task<result<void>> send(std::string text) override {
    if (line_->closed) co_return fail(transport_errc::closed);
    line_->sent.push_back(std::move(text));
    co_return result<void>{};
  }
  task<void> close() override {
    line_->cut();
    co_return;
  }

 private:
  timer_queue& timers_;
  std::shared_ptr<fake_line> line_;
};

class fake_connector final : public websocket_connector {
 public:
  fake_connector(executor ex, timer_queue& timers) : executor_(std::move(ex)), timers_(timers) {}
  std::vector<std::shared_ptr<fake_line>> lines;
  std::vector<std::string> urls;
  bool reachable = true;
  task<result<std::unique_ptr<websocket_client>>> connect(std::string url, websocket_options) override {
    urls.push_back(std::move(url));
    if (!reachable) co_return fail(transport_errc::closed, "unreachable");
    auto& line = lines.emplace_back(std::make_shared<fake_line>(executor_));
    co_return std::make_unique<fake_socket>(timers_, line);
  }

 private:
  executor executor_;
  timer_queue& timers_;
};

class listing_recorder final : public raw_recorder {
 public:
  std::vector<std::string> records, gaps;
  void record(const raw_record& r) override {
    records.push_back(std::string(r.stream) + "|" + std::string(r.endpoint) + "|" + std::string(r.account) + "|" +
                      std::string(r.body));
  }
  void record_gap(std::string_view stream, wall_time from, wall_time to, std::string_view reason) override {
    gaps.push_back(std::string(stream) + "|" + std::to_string((to - from).count() / 1'000'000) + "ms|" +
                   std::string(reason));
  }
};

/// Files in memory; any thread. `refuse` makes appends fail, as a full disk does.
class memory_files final : public file_system {
 public:
  std::map<std::string, std::string> contents;
  bool refuse = false;
  std::uint64_t free = 1ull << 40;
  mutable std::mutex guard;

  class handle final : public append_file {
   public:
    handle(memory_files& files, std::string name) : files_(files), name_(std::move(name)) {}
    result<void> append(std::string_view bytes) override {
      std::scoped_lock lock(files_.guard);
      if (files_.refuse) return fail(errc::io, "write: no space");
      files_.contents[name_] += bytes;
      return {};
    }
    result<void> sync() override { return {}; }
    std::uint64_t size_bytes() const override {
      std::scoped_lock lock(files_.guard);
      return files_.contents[name_].size();
    }

   private:
    memory_files& files_;
    std::string name_;
  };

  result<std::unique_ptr<append_file>> open_append(const std::filesystem::path& p) override {
    std::scoped_lock lock(guard);
    if (refuse) return fail(errc::io, "open: no space");
    contents.try_emplace(p.string());
    return std::make_unique<handle>(*this, p.string());
  }
  result<std::string> read(const std::filesystem::path& p, std::size_t) override {
    std::scoped_lock lock(guard);
    auto found = contents.find(p.string());
    if (found == contents.end()) return fail(errc::not_found, "file");
    return found->second;
  }
  result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    std::scoped_lock lock(guard);
    std::vector<std::string> names;
    for (const auto& [name, bytes] : contents)
      if (std::filesystem::path(name).parent_path() == folder) names.push_back(std::filesystem::path(name).filename());
    return names;
  }
  result<void> make_folders(const std::filesystem::path&) override { return {}; }
  result<void> remove(const std::filesystem::path& p) override {
    std::scoped_lock lock(guard);
    contents.erase(p.string());
    return {};
  }
  result<void> truncate(const std::filesystem::path& p, std::uint64_t size) override {
    std::scoped_lock lock(guard);
    contents[p.string()].resize(size);
    return {};
  }
  result<void> write_atomically(const std::filesystem::path& p, std::string_view bytes) override {
    std::scoped_lock lock(guard);
    contents[p.string()] = bytes;
    return {};
  }
  result<std::uint64_t> free_bytes(const std::filesystem::path&) override { return free; }

  std::vector<std::string> names_with(std::string_view ending) const {
    std::scoped_lock lock(guard);
    std::vector<std::string> out;
    for (const auto& [name, bytes] : contents)
      if (name.ends_with(ending)) out.push_back(name);
    return out;
  }
};

inline std::string read_test_data(const std::string& name) {
  std::ifstream in(std::string(DROVER_SOURCE_DIR) + "/tests/data/binance/" + name, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace drover::exchanges::test

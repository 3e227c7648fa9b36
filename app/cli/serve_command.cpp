#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/cli/commands.hpp"
#include "app/engine_process.hpp"
#include "app/fatal_signals.hpp"
#include "app/process_hardening.hpp"
#include "app/sealed_engine.hpp"
#include "app/start_checks.hpp"
#include "base/files.hpp"
#include "base/json.hpp"

namespace drover::app {
namespace {

/// One process that is sealed and unsealed in turn, on one port.
class served_engine {
 public:
  served_engine(const global_options& options, const std::string& ready_file) : options_(options), ready_file_(ready_file) {}

  int run() {
    for (;;) {
      auto s = load_settings(options_);
      if (!s) return exit_config;
      if (!std::exchange(prepared_, true)) prepare(*s);
      if (port_ != 0) s->web.server.port = port_;
      address_ = s->web.server.address;
      auto keys = take_keys(s->security);
      if (!keys) return refuse(keys.error());
      auto masters = open_keys(*s, std::move(keys->master));
      if (!masters) return refuse(masters.error());
      if (masters->empty()) return exit_ok;
      // A sealed engine before this one has taken a port: whoever asked that one finds this one.
      if (port_ != 0) s->web.server.port = port_;
      engine_process process(std::move(*s), [this] { return read_settings(options_.config_file, options_.overrides); });
      auto started = process.start(std::move(*masters), std::move(keys->tokens));
      if (!started) return refuse(started.error());
      tell(process.port());
      const int code = process.run_until_stopped();
      if (!process.wants_sealing()) return code;
      sealed_ = true;
    }
  }

 private:
  static void prepare(const settings& s) {
    configure_logging(s.log);
    harden_process();
    watch_fatal_signals();
  }

  static int refuse(const error& why) {
    fmt::print(stderr, "engine: cannot start: {}\n", describe(why));
    return exit_code_of(why);
  }

  /// Empty when it was told to end before it was unsealed.
  result<std::vector<crypto::master_key>> open_keys(const settings& s, crypto::key_file file) {
    if (!file.is_locked() && !sealed_) return file.keys();
    // Nothing of it stays in memory meanwhile; it is read again when somebody unseals.
    { const auto dropped = std::move(file); }
    sealed_engine waiting(s);
    auto listening = waiting.start();
    if (!listening) return std::unexpected(listening.error());
    tell(waiting.port());
    auto keys = waiting.run_until_unsealed();
    return keys ? std::move(*keys) : std::vector<crypto::master_key>();
  }

  void tell(std::uint16_t port) {
    if (std::exchange(port_, port) == port || ready_file_.empty()) return;
    const json ready{{"http", fmt::format("http://{}:{}", address_, port)}, {"pid", getpid()}};
    auto written = system_files().write_atomically(ready_file_, ready.dump() + "\n");
    if (!written) fmt::print(stderr, "engine: {} could not be written: {}\n", ready_file_, written.error().detail);
  }

  const global_options& options_;
  const std::string& ready_file_;
  std::string address_;
  std::uint16_t port_ = 0;
  bool prepared_ = false;
  /// The operator has sealed it: it stays so until they unseal it, whatever the key file is like.
  bool sealed_ = false;
};

}  // namespace

int run_serve(const global_options& options, const std::string& ready_file) {
  const signal_stack stack;
  return served_engine(options, ready_file).run();
}

}  // namespace drover::app

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"

namespace drover::net {

/// One call of a program on this machine: a verb, and bytes that no log and no text must hold (a passphrase).
/// On the wire: "<verb> <size of the bytes>\n", then the bytes; the answer is one line of JSON, then the end of the
/// stream.
struct local_call {
  std::string verb;
  secret attachment;
};

/// Answers one line of text. An exception of its own ends the connection without an answer.
using local_handler = std::function<task<std::string>(local_call)>;

/// A Unix socket for the operator: mode 0600, and only this process's user and root are listened to, whatever the mode
/// became (SEC-72). One call a connection, a few at once. On the thread of `executor`.
class local_server {
public:
  virtual ~local_server() = default;
  /// Binds; takes the place of a socket that nobody listens on any more. errc::io, naming the path and the reason.
  virtual result<void> open() = 0;
  /// After open(): takes calls, until stop().
  virtual void start() = 0;
  /// Removes the socket; calls under way may end within a second.
  virtual task<void> stop() = 0;
};
std::unique_ptr<local_server> make_local_server(executor, timer_queue&, std::string path, local_handler);

/// Blocking, for commands: waits for the answer as long as the other side lives, and answers its line. errc::io: nobody
/// listens there, or this user may not call.
result<std::string> call_local(const std::string& path, std::string_view verb, const secret& attachment = {});

}  // namespace drover::net

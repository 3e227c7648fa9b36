#include "net/local_listener.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "base/descriptor.hpp"
#include "net/local_client.hpp"

namespace drover::net {
namespace {

using boost::system::error_code;

constexpr nanoseconds refused_pause = 100ms;
constexpr mode_t group_mode = 0660;

std::optional<local_peer> peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return local_peer{peer.uid, peer.gid, peer.pid};
}

/// True when nothing is in the way any more.
bool remove_dead_socket(const sockaddr_un& address) {
  struct stat info {};
  if (lstat(address.sun_path, &info) != 0) return errno == ENOENT;
  if (!S_ISSOCK(info.st_mode)) return false;
  const descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool alive = connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  return !alive && unlink(address.sun_path) == 0;
}

std::optional<gid_t> find_group(const std::string& name) {
  constexpr std::size_t record_limit_bytes = 64 * 1024;
  std::array<char, record_limit_bytes> text;
  group record{};
  group* found = nullptr;
  if (getgrnam_r(name.c_str(), &record, text.data(), text.size(), &found) != 0 || found == nullptr) return std::nullopt;
  return found->gr_gid;
}

}  // namespace

local_listener::local_listener(executor ex, timer_queue& timers, local_listener_config config, session s)
    : timers_(timers),
      config_(std::move(config)),
      session_(std::move(s)),
      acceptor_(ex),
      departures_(ex),
      scope_(std::move(ex), "local socket") {}

std::unexpected<error> local_listener::refused(std::string_view what) const {
  return fail(errc::io, config_.path + ": " + std::string(what) + ": " + std::generic_category().message(errno));
}

result<void> local_listener::open() {
  const auto address = make_local_address(config_.path);
  if (!address) return std::unexpected(address.error());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return refused("socket");
  acceptor_.assign(boost::asio::local::stream_protocol(), socket);
  if (!remove_dead_socket(*address))
    return fail(errc::io, config_.path + ": another process listens there, or a file is in the way");
  // Never open to others, not even for the moment before a chmod.
  const auto before = umask(0177);
  const int bound = bind(socket, reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  umask(before);
  if (bound != 0) return refused("bind");
  bound_ = true;
  if (!config_.group.empty())
    if (auto shared = share_with_group(); !shared) return shared;
  if (listen(socket, static_cast<int>(config_.connections)) != 0) return refused("listen");
  return {};
}

/// The mode last: until the group is the right one, nobody else comes in.
result<void> local_listener::share_with_group() const {
  const auto group = find_group(config_.group);
  if (!group) return fail(errc::io, config_.path + ": there is no group '" + config_.group + "'");
  if (lchown(config_.path.c_str(), static_cast<uid_t>(-1), *group) != 0)
    return refused("it cannot be given to the group '" + config_.group + "'; is the engine's user a member?");
  if (chmod(config_.path.c_str(), group_mode) != 0) return refused("chmod");
  return {};
}

void local_listener::start() {
  scope_.spawn("accept", run_acceptor());
}

task<void> local_listener::stop() {
  remove_socket();
  // The acceptor goes first; whoever was called, "unseal" say, still answers.
  const auto deadline = timers_.get_clock().now() + config_.stop_grace;
  while (scope_.size() > 0) {
    const bool ended = co_await departures_.wait_until(timers_, deadline);
    if (!ended) break;
  }
  scope_.stop();
  co_await scope_.join();
}

void local_listener::remove_socket() {
  if (std::exchange(bound_, false)) unlink(config_.path.c_str());
  error_code ignored;
  acceptor_.close(ignored);
}

/// Told at the next turn, when the task is out of the scope.
struct local_listener::departure {
  explicit departure(local_listener& l) : listener(l) {}
  ~departure() {
    asio::post(listener.acceptor_.get_executor(), [&gone = listener.departures_] { gone.notify(); });
  }
  departure(const departure&) = delete;
  departure& operator=(const departure&) = delete;
  local_listener& listener;
};

task<void> local_listener::run_acceptor() {
  const departure leaving(*this);
  while (!scope_.stopping()) {
    error_code ec;
    local_stream socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted || scope_.stopping()) co_return;
    // The acceptor is a task of the scope itself.
    const bool full = scope_.size() > config_.connections;
    if (ec || full) {
      co_await sleep_for(timers_, refused_pause);
      continue;
    }
    const auto peer = peer_of(socket.native_handle());
    if (peer) scope_.spawn("session", run_session(std::move(socket), *peer));
  }
}

task<void> local_listener::run_session(local_stream socket, local_peer peer) {
  const departure leaving(*this);
  co_await session_(std::move(socket), peer);
}

}  // namespace drover::net

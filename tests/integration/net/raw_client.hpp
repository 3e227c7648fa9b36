#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace drover::test {

/// Blocking TCP client that sends exactly the bytes it is told to. Reads give up after 20 seconds.
class raw_client {
 public:
  explicit raw_client(std::uint16_t port, int receive_buffer_bytes = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer_bytes > 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    const timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
  }
  ~raw_client() { ::close(fd_); }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  /// Exactly `size` bytes, fewer at the end of the stream.
  std::string read(std::size_t size) {
    while (pending_.size() < size && receive()) {
    }
    const auto taken = pending_.substr(0, size);
    pending_.erase(0, taken.size());
    return taken;
  }
  /// Everything until the server closes.
  std::string read_all() {
    while (receive()) {
    }
    return std::exchange(pending_, {});
  }
  /// Head of the next response, blank line included.
  std::string read_head() {
    while (pending_.find("\r\n\r\n") == std::string::npos && receive()) {
    }
    const auto end = pending_.find("\r\n\r\n");
    return read(end == std::string::npos ? pending_.size() : end + 4);
  }
  struct response {
    int status = 0;
    std::string head, body;
  };
  response read_response() {
    response r;
    r.head = read_head();
    if (r.head.size() > 12) r.status = std::stoi(r.head.substr(9, 3));
    const std::string name = "Content-Length: ";
    const auto at = r.head.find(name);
    if (at != std::string::npos) r.body = read(std::stoul(r.head.substr(at + name.size())));
    return r;
  }
  bool at_end() { return pending_.empty() && !receive(); }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }

 private:
  bool receive() {
    char buffer[65536];
    const auto size = ::recv(fd_, buffer, sizeof buffer, 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("nothing came in 20 seconds");
    if (size <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

  int fd_;
  std::string pending_;
};

}  // namespace drover::test

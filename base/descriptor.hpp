#pragma once

#include <unistd.h>

#include <utility>

namespace drover {

/// Owner of an open file descriptor; -1 is none. One thread.
class descriptor {
public:
  explicit descriptor(int fd = -1) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { reset(); }
  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  void reset() {
    if (valid()) ::close(std::exchange(fd_, -1));
  }

private:
  int fd_;
};

}  // namespace drover

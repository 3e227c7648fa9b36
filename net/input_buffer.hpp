#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cstring>
#include <memory>
#include <string_view>

namespace drover::net {

/// Bytes received and not yet consumed. Memory starts small and is reused; what arrived never moves while views of it
/// are in use, only in prepare(). Internal to net/.
class input_buffer {
 public:
  explicit input_buffer(std::size_t limit_bytes) : limit_(limit_bytes) {}

  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  /// Space for the next read: at least one byte as long as fewer than the limit are held.
  boost::asio::mutable_buffer prepare() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ == capacity_) make_room();
    return {data_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t bytes) { end_ += bytes; }
  void consume(std::size_t bytes) { begin_ += bytes; }

 private:
  static constexpr std::size_t first_bytes = 2 * 1024;

  void make_room() {
    const auto held = end_ - begin_;
    if (begin_ > 0 && held * 2 <= capacity_) {
      std::memmove(data_.get(), data_.get() + begin_, held);
    } else {
      const auto capacity = std::min(std::max(first_bytes, capacity_ * 2), std::max(limit_, held + 1));
      auto larger = std::make_unique_for_overwrite<char[]>(capacity);
      if (held > 0) std::memcpy(larger.get(), data_.get() + begin_, held);
      data_ = std::move(larger);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = held;
  }

  std::size_t limit_;
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace drover::net

#include "net/websocket_peer.hpp"

#include <algorithm>

namespace drover::net {

namespace {

/// Frames a session's queue may keep memory for while it is empty.
constexpr std::size_t kept_queue_capacity = 2;
/// Written frames at the front of a queue that never runs empty before they are moved out.
constexpr std::size_t compaction_frames = 64;
/// How long the peer may take to answer our close frame.
constexpr nanoseconds close_limit = 3s;

}  // namespace

websocket_peer::websocket_peer(std::shared_ptr<server_core> core, std::shared_ptr<websocket_handler> handler,
                               address_lease address)
    : core_(std::move(core)),
      address_(std::move(address)),
      handler_(std::move(handler)),
      decoder_(core_->config.websocket.message_limit_bytes),
      last_input_(core_->now()) {}

websocket_peer::~websocket_peer() = default;

bool websocket_peer::send(std::shared_ptr<const std::string> text) {
  return send_message(websocket_opcode::text, std::move(text));
}

bool websocket_peer::send_binary(std::shared_ptr<const std::string> bytes) {
  return send_message(websocket_opcode::binary, std::move(bytes));
}

bool websocket_peer::send_message(websocket_opcode opcode, std::shared_ptr<const std::string> payload) {
  if (close_queued_ || dead_) return false;
  const auto bookkeeping_bytes = (queue_.size() - head_) * sizeof(frame);
  if (queued_bytes_ + payload->size() + bookkeeping_bytes > core_->config.websocket.send_queue_limit_bytes) {
    close(1013, "reads too slowly");
    return false;
  }
  push(opcode, std::move(payload));
  return true;
}

void websocket_peer::push(websocket_opcode opcode, std::shared_ptr<const std::string> payload) {
  auto& f = queue_.emplace_back();
  f.header_size =
      static_cast<std::uint8_t>(write_websocket_header(opcode, payload ? payload->size() : 0, f.header));
  f.payload = std::move(payload);
  queued_bytes_ += f.size();
  schedule_flush();
}

void websocket_peer::schedule_flush() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  core_->flush_soon(this);
}

void websocket_peer::close(std::uint16_t code, std::string_view reason) {
  if (close_queued_ || dead_) return;
  close_queued_ = true;
  close_code_ = code;
  close_deadline_ = core_->now() + close_limit;
  if (code == 1013) drop_unsent();
  push(websocket_opcode::close, std::make_shared<const std::string>(make_close_payload(code, reason)));
}

/// A reader that cannot keep up gets the close frame next, behind the frame whose first bytes are already gone.
void websocket_peer::drop_unsent() {
  const std::size_t keep = head_ + (head_offset_ > 0 ? 1 : 0);
  while (queue_.size() > keep) {
    queued_bytes_ -= queue_.back().size();
    queue_.pop_back();
  }
}

void websocket_peer::abort() { die(); }

void websocket_peer::die() {
  if (dead_) return;
  dead_ = true;
  cut();
}

void websocket_peer::sweep(steady_time now) {
  if (dead_) return;
  const auto silence = now - last_input_;
  const auto interval = core_->config.websocket.ping_interval;
  if (now >= close_deadline_ || silence >= 2 * interval) {
    die();
  } else if (silence >= interval && !pinged_ && !close_queued_) {
    pinged_ = true;
    push(websocket_opcode::ping, nullptr);
  }
}

void websocket_peer::open(std::string_view leftover) {
  handler_->on_open(*this);
  if (leftover.empty() || dead_) return;
  std::string bytes(leftover);
  handle_input({bytes.data(), bytes.size()});
}

bool websocket_peer::handle_input(std::span<char> input) {
  last_input_ = core_->now();
  pinged_ = false;
  while (!input.empty() && !dead_ && !close_received_ && !input_refused_) handle_event(decoder_.next(input));
  decoder_.release();
  return !dead_;
}

void websocket_peer::handle_event(const websocket_event& event) {
  switch (event.what) {
    case websocket_event::kind::need_more:
    case websocket_event::kind::pong:
      break;
    case websocket_event::kind::text:
    case websocket_event::kind::binary:
      if (!close_queued_) handler_->on_message(event.payload, event.what == websocket_event::kind::binary);
      break;
    case websocket_event::kind::ping:
      if (close_queued_) break;
      if (queued_bytes_ > core_->config.websocket.send_queue_limit_bytes)
        close(1013, "reads too slowly");
      else
        push(websocket_opcode::pong, std::make_shared<const std::string>(event.payload));
      break;
    case websocket_event::kind::close:
      handle_close(event);
      break;
    case websocket_event::kind::failure:
      input_refused_ = true;
      close(event.code, event.payload);
      break;
  }
}

void websocket_peer::handle_close(const websocket_event& event) {
  close_received_ = true;
  if (!close_queued_)
    close(event.code, {});
  else if (!has_output())
    note_output_drained();
}

void websocket_peer::note_output_drained() {
  if (!close_queued_ || shut_down_ || dead_) return;
  if (!close_received_ && !input_refused_) return;
  shut_down_ = true;
  close_deadline_ = std::min(close_deadline_, core_->now() + linger_limit);
  shutdown_send();
}

void websocket_peer::gather(std::vector<asio::const_buffer>& out) const {
  out.clear();
  std::size_t skip = head_offset_;
  for (std::size_t i = head_; i < queue_.size() && out.size() + 2 <= buffer_limit; ++i) {
    const auto& f = queue_[i];
    if (skip < f.header_size) {
      out.emplace_back(f.header.data() + skip, f.header_size - skip);
      skip = 0;
    } else {
      skip -= f.header_size;
    }
    if (f.payload && f.payload->size() > skip) out.emplace_back(f.payload->data() + skip, f.payload->size() - skip);
    skip = 0;
  }
}

void websocket_peer::consume(std::size_t bytes) {
  while (bytes > 0) {
    auto& f = queue_[head_];
    const auto left = f.size() - head_offset_;
    if (bytes < left) {
      head_offset_ += static_cast<std::uint32_t>(bytes);
      return;
    }
    bytes -= left;
    queued_bytes_ -= f.size();
    f.payload.reset();
    head_offset_ = 0;
    ++head_;
  }
  if (!has_output()) {
    release_queue();
  } else if (head_ >= compaction_frames && head_ * 2 >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + head_);
    head_ = 0;
  }
}

void websocket_peer::release_queue() {
  queue_.clear();
  head_ = 0;
  if (queue_.capacity() > kept_queue_capacity) std::vector<frame>().swap(queue_);
}

void websocket_peer::finish() {
  if (finished_) return;
  finished_ = dead_ = true;
  unlink();
  const auto handler = std::move(handler_);
  handler->on_close(close_code_);
  --core_->counts.websockets;
  core_->note_departure();
}

}  // namespace drover::net

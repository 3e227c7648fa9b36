#include "net/websocket_codec.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace drover::net {

namespace {

constexpr std::size_t control_limit_bytes = 125;
constexpr std::size_t masked_header_limit_bytes = 14;

bool is_control(websocket_opcode opcode) { return static_cast<unsigned>(opcode) >= 8; }

websocket_event make_failure(std::uint16_t code, std::string_view why) {
  return {websocket_event::kind::failure, why, code};
}

/// Applies the mask, whose first byte belongs to the byte `at` of the payload (modulo 4).
void unmask(std::span<char> bytes, std::array<char, 4> mask, unsigned at) {
  std::array<char, 8> wide;
  for (unsigned i = 0; i < 8; ++i) wide[i] = mask[(at + i) % 4];
  std::uint64_t mask_word;
  std::memcpy(&mask_word, wide.data(), 8);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    word ^= mask_word;
    std::memcpy(bytes.data() + i, &word, 8);
  }
  for (; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ wide[i % 8]);
}

websocket_event read_close(std::string_view payload) {
  if (payload.empty()) return {websocket_event::kind::close, {}, 1005};
  if (payload.size() == 1) return make_failure(1002, "close frame with half a code");
  const auto high = static_cast<unsigned char>(payload[0]), low = static_cast<unsigned char>(payload[1]);
  const auto code = static_cast<std::uint16_t>(high << 8 | low);
  if (!is_sendable_close_code(code)) return make_failure(1002, "close code is not allowed");
  if (!is_utf8(payload.substr(2))) return make_failure(1007, "close reason is not UTF-8");
  return {websocket_event::kind::close, payload.substr(2), code};
}

websocket_event make_control_event(websocket_opcode opcode, std::string_view payload) {
  if (opcode == websocket_opcode::ping) return {websocket_event::kind::ping, payload, 0};
  if (opcode == websocket_opcode::pong) return {websocket_event::kind::pong, payload, 0};
  return read_close(payload);
}

}  // namespace

struct websocket_decoder::frame_header {
  websocket_opcode opcode{};
  bool final = false;
  std::uint64_t payload_bytes = 0;
  std::array<char, 4> mask{};
  std::size_t size = 0;
  std::string_view broken{};

  /// Nothing while `bytes` are too few to say.
  static std::optional<frame_header> parse(std::span<const char> bytes);
};

std::optional<websocket_decoder::frame_header> websocket_decoder::frame_header::parse(std::span<const char> bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.empty()) return std::nullopt;
  frame_header h;
  h.opcode = static_cast<websocket_opcode>(at(0) & 0x0f);
  h.final = at(0) & 0x80;
  const unsigned number = at(0) & 0x0f;
  if (at(0) & 0x70) h.broken = "reserved bits are set";
  else if ((number > 2 && number < 8) || number > 10) h.broken = "opcode is reserved";
  else if (is_control(h.opcode) && !h.final) h.broken = "control frame is fragmented";
  if (!h.broken.empty()) return h;
  if (bytes.size() < 2) return std::nullopt;
  const unsigned length = at(1) & 0x7f;
  if (!(at(1) & 0x80)) h.broken = "frame is not masked";
  else if (is_control(h.opcode) && length > control_limit_bytes) h.broken = "control frame is too long";
  if (!h.broken.empty()) return h;
  const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
  h.size = 2 + extra + 4;
  if (bytes.size() < h.size) return std::nullopt;
  h.payload_bytes = extra ? 0 : length;
  for (std::size_t i = 0; i < extra; ++i) h.payload_bytes = h.payload_bytes << 8 | at(2 + i);
  if ((extra == 2 && h.payload_bytes < 126) || (extra == 8 && h.payload_bytes < 65536))
    h.broken = "length is not in its shortest form";
  else if (h.payload_bytes >> 63) h.broken = "length is out of range";
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(2 + extra), 4, h.mask.begin());
  return h;
}

struct websocket_decoder::partial {
  std::array<char, masked_header_limit_bytes> header_bytes;
  std::size_t header_size = 0;
  /// The frame whose payload is arriving.
  std::optional<frame_header> frame;
  std::uint64_t received_bytes = 0;
  /// The message whose fragments are arriving.
  bool in_message = false, is_text = false;
  /// The last event's payload lies in here and may go.
  bool delivered = false;
  std::string message;
  std::string control;
  utf8_validator utf8;
};

websocket_decoder::websocket_decoder(std::size_t message_limit_bytes) : message_limit_bytes_(message_limit_bytes) {}
websocket_decoder::~websocket_decoder() = default;
websocket_decoder::websocket_decoder(websocket_decoder&&) noexcept = default;

void websocket_decoder::release() {
  if (!partial_) return;
  if (!partial_->in_message && !partial_->frame && partial_->header_size == 0) partial_.reset();
}

websocket_event websocket_decoder::next(std::span<char>& input) {
  release();
  if (input.empty()) return {};
  if (partial_) return next_slowly(input);
  const auto header = frame_header::parse(input);
  const bool whole = header && header->broken.empty() && header->final &&
                     header->opcode != websocket_opcode::continuation &&
                     header->payload_bytes <= message_limit_bytes_ &&
                     input.size() - header->size >= header->payload_bytes;
  if (!whole) {
    partial_ = std::make_unique<partial>();
    return next_slowly(input);
  }
  const auto payload = input.subspan(header->size, static_cast<std::size_t>(header->payload_bytes));
  input = input.subspan(header->size + payload.size());
  unmask(payload, header->mask, 0);
  const std::string_view text{payload.data(), payload.size()};
  if (is_control(header->opcode)) return make_control_event(header->opcode, text);
  if (header->opcode == websocket_opcode::binary) return {websocket_event::kind::binary, text, 0};
  if (!is_utf8(text)) return make_failure(1007, "text is not UTF-8");
  return {websocket_event::kind::text, text, 0};
}

websocket_event websocket_decoder::next_slowly(std::span<char>& input) {
  auto& p = *partial_;
  if (p.delivered) {
    p.delivered = false;
    p.control.clear();
    if (!p.in_message) p.message.clear();
  }
  while (true) {
    if (!p.frame) {
      if (!read_header(input)) return {};
      const auto failure = begin_frame(*p.frame);
      if (failure.what == websocket_event::kind::failure) return failure;
    }
    const auto failure = read_payload(input);
    if (failure.what == websocket_event::kind::failure) return failure;
    if (p.received_bytes < p.frame->payload_bytes) return {};
    const auto event = end_frame();
    if (event.what != websocket_event::kind::need_more) return event;
  }
}

bool websocket_decoder::read_header(std::span<char>& input) {
  auto& p = *partial_;
  while (!input.empty()) {
    p.header_bytes[p.header_size++] = input.front();
    input = input.subspan(1);
    p.frame = frame_header::parse({p.header_bytes.data(), p.header_size});
    if (p.frame) {
      p.header_size = 0;
      p.received_bytes = 0;
      return true;
    }
  }
  return false;
}

/// Answers an event only for a failure.
websocket_event websocket_decoder::begin_frame(const frame_header& h) {
  auto& p = *partial_;
  if (!h.broken.empty()) return make_failure(1002, h.broken);
  if (is_control(h.opcode)) return {};
  if (h.opcode == websocket_opcode::continuation) {
    if (!p.in_message) return make_failure(1002, "continuation without a message");
  } else {
    if (p.in_message) return make_failure(1002, "new message inside a fragmented one");
    p.in_message = true;
    p.is_text = h.opcode == websocket_opcode::text;
    p.utf8 = {};
  }
  if (h.payload_bytes > message_limit_bytes_ - p.message.size()) return make_failure(1009, "message is too large");
  return {};
}

/// Answers an event only for a failure.
websocket_event websocket_decoder::read_payload(std::span<char>& input) {
  auto& p = *partial_;
  const auto wanted = p.frame->payload_bytes - p.received_bytes;
  const auto piece = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, input.size())));
  input = input.subspan(piece.size());
  unmask(piece, p.frame->mask, static_cast<unsigned>(p.received_bytes % 4));
  p.received_bytes += piece.size();
  const std::string_view text{piece.data(), piece.size()};
  if (is_control(p.frame->opcode)) {
    p.control.append(text);
    return {};
  }
  if (p.is_text && !p.utf8.feed(text)) return make_failure(1007, "text is not UTF-8");
  p.message.append(text);
  return {};
}

websocket_event websocket_decoder::end_frame() {
  auto& p = *partial_;
  const auto frame = *p.frame;
  p.frame.reset();
  if (is_control(frame.opcode)) {
    p.delivered = true;
    return make_control_event(frame.opcode, p.control);
  }
  if (!frame.final) return {};
  p.in_message = false;
  p.delivered = true;
  if (p.is_text && !p.utf8.at_boundary()) return make_failure(1007, "text ends inside a character");
  return {p.is_text ? websocket_event::kind::text : websocket_event::kind::binary, p.message, 0};
}

std::size_t write_websocket_header(websocket_opcode opcode, std::size_t payload_bytes,
                                   std::array<unsigned char, websocket_header_limit_bytes>& out) {
  out[0] = static_cast<unsigned char>(0x80 | static_cast<unsigned>(opcode));
  if (payload_bytes < 126) {
    out[1] = static_cast<unsigned char>(payload_bytes);
    return 2;
  }
  const std::size_t extra = payload_bytes < 65536 ? 2 : 8;
  out[1] = extra == 2 ? 126 : 127;
  for (std::size_t i = 0; i < extra; ++i)
    out[2 + i] = static_cast<unsigned char>(static_cast<std::uint64_t>(payload_bytes) >> (8 * (extra - 1 - i)));
  return 2 + extra;
}

std::string make_close_payload(std::uint16_t code, std::string_view reason) {
  if (code == 1005) return {};
  std::size_t size = std::min(reason.size(), control_limit_bytes - 2);
  while (size > 0 && size < reason.size() && (static_cast<unsigned char>(reason[size]) & 0xc0) == 0x80) --size;
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return payload.append(reason.substr(0, size));
}

bool is_sendable_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace drover::net

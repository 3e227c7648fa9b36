#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <charconv>
#include <utility>

#include "net/http_text.hpp"
#include "net/websocket_client.hpp"

/// Included by the two units that instantiate the client: one for TCP, one for TLS.
namespace drover::net {

namespace websocket = boost::beast::websocket;

template <class Stream>
void websocket_state<Stream>::write_next() {
  if (broken || queue.empty()) return;
  writing = true;
  stream.async_write(asio::buffer(queue.front()),
                     [self = this->shared_from_this()](boost::system::error_code ec, std::size_t) {
                       self->writing = false;
                       self->queued_bytes -= self->queue.front().size();
                       self->queue.pop_front();
                       if (ec) return self->cut();
                       self->write_next();
                     });
}

template <class Stream>
asio_websocket_client<Stream>::~asio_websocket_client() {
  if (silence_timer_) state_->timers.cancel(*silence_timer_);
  state_->cut();
}

template <class Stream>
void asio_websocket_client<Stream>::watch_silence() {
  silence_timer_ = state_->timers.call_at(state_->last_frame + idle_limit_, [this] {
    silence_timer_.reset();
    if (!receiving_) return;
    if (state_->timers.get_clock().now() - state_->last_frame < idle_limit_) return watch_silence();
    silent_ = true;
    state_->cut();
  });
}

template <class Stream>
task<result<std::string>> asio_websocket_client<Stream>::receive(nanoseconds idle_limit) {
  const auto state = state_;
  if (state->broken) co_return fail(transport_errc::closed, "the WebSocket is closed");
  if (idle_limit != idle_limit_ && silence_timer_) {
    state->timers.cancel(*silence_timer_);
    silence_timer_.reset();
  }
  idle_limit_ = idle_limit;
  // Time in which nobody read says nothing about the peer: silence counts from here.
  state->last_frame = state->timers.get_clock().now();
  receiving_ = true;
  if (!silence_timer_) watch_silence();
  boost::system::error_code ec;
  co_await state->stream.async_read(state->buffer, asio::redirect_error(asio::use_awaitable, ec));
  receiving_ = false;
  if (ec) {
    state->broken = true;
    const auto reason = state->stream.reason();
    state->connection->close();
    if (silent_) co_return fail(transport_errc::closed, "nothing came for too long");
    if (ec == websocket::error::closed)
      co_return fail(transport_errc::closed, "closed by the other side, code " + std::to_string(reason.code));
    co_return fail(transport_errc::closed, ec.message());
  }
  std::string message = boost::beast::buffers_to_string(state->buffer.data());
  state->buffer.clear();
  co_return message;
}

template <class Stream>
task<result<void>> asio_websocket_client<Stream>::send(std::string text) {
  auto& state = *state_;
  if (state.broken) co_return fail(transport_errc::closed, "the WebSocket is closed");
  if (state.queued_bytes + text.size() > client_send_queue_limit_bytes ||
      state.queue.size() >= client_send_queue_limit_messages)
    co_return fail(errc::overloaded, "too many messages wait to be sent");
  state.queued_bytes += text.size();
  state.queue.push_back(std::move(text));
  if (!state.writing) state.write_next();
  co_return result<void>();
}

template <class Stream>
task<void> asio_websocket_client<Stream>::close() {
  const auto state = state_;
  if (silence_timer_) state->timers.cancel(*silence_timer_);
  silence_timer_.reset();
  if (state->broken) co_return;
  step_deadline deadline(state->timers, client_close_limit);
  deadline.set_canceller([state] { state->cut(); });
  boost::system::error_code ec;
  co_await state->stream.async_close(websocket::close_code::normal, asio::redirect_error(asio::use_awaitable, ec));
  state->cut();
}

/// Retry-After in whole seconds, where the refusal has one.
inline std::optional<milliseconds> parse_retry_after(std::string_view text) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return seconds(value);
}

template <class Stream>
task<result<std::unique_ptr<websocket_client>>> shake_websocket_hands(timer_queue& timers,
                                                                      std::unique_ptr<client_socket> connection,
                                                                      Stream& next_layer, url_parts url,
                                                                      websocket_options options, std::string user_agent,
                                                                      step_deadline& deadline) {
  auto state = std::make_shared<websocket_state<Stream>>(timers, std::move(connection), next_layer);
  state->stream.set_option(websocket::stream_base::timeout{websocket::stream_base::none(),
                                                           websocket::stream_base::none(), false});
  state->stream.set_option(
      websocket::stream_base::decorator([headers = std::move(options.headers), user_agent](websocket::request_type& r) {
        r.set(boost::beast::http::field::user_agent, user_agent);
        for (const auto& [name, value] : headers)
          if (is_token(name) && is_header_value(value)) r.set(name, value);
      }));
  state->stream.read_message_max(options.message_limit_bytes);
  state->stream.text(true);
  state->stream.control_callback([raw = state.get()](websocket::frame_type, boost::beast::string_view) {
    raw->last_frame = raw->timers.get_clock().now();
  });
  deadline.set_canceller([raw = state.get()] { raw->cut(); });
  const std::string host = make_host_header(url);
  websocket::response_type answer;
  boost::system::error_code ec;
  co_await state->stream.async_handshake(answer, host, url.target, asio::redirect_error(asio::use_awaitable, ec));
  deadline.set_canceller({});
  if (!ec && !deadline.expired()) co_return std::make_unique<asio_websocket_client<Stream>>(std::move(state));
  state->cut();
  if (deadline.expired()) co_return fail(transport_errc::closed, "WebSocket handshake: deadline passed");
  error refused(transport_errc::closed, "WebSocket handshake: " + ec.message());
  if (ec == websocket::error::upgrade_declined) {
    const auto retry = answer[boost::beast::http::field::retry_after];
    refused.detail = "WebSocket handshake answered with status " + std::to_string(answer.result_int());
    refused.retry_after = parse_retry_after({retry.data(), retry.size()});
  }
  co_return std::unexpected(std::move(refused));
}

}  // namespace drover::net

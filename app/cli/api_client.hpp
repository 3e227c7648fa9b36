#pragma once

#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "app/exit_codes.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
#include "base/transport.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// Where the running engine is, and who asks. No option takes the token itself: every user of a machine sees its command lines.
struct api_options {
  /// Empty: DROVER_URL, else the engine of this machine on port 8080.
  std::string url;
  /// Mode 0600. Empty, and not from standard input: DROVER_TOKEN.
  std::string token_file;
  bool token_stdin = false;
  /// PEM bundle instead of the system's trust store.
  std::string ca_file;
};

/// Adds --url, --token-file, --token-stdin and --ca-file to a command and those below it.
void add_api_options(CLI::App&, api_options&);

/// Why a command failed: what to say on standard error, and its exit code.
struct api_failure {
  int code = exit_failed;
  std::string message;
};
/// Prints it; answers the exit code.
int report(const api_failure&);

template <class T>
using api_result = std::expected<T, api_failure>;

/// Calls of the API of a running engine. Blocking; each request is sent once.
///
/// Failures: the engine cannot be reached, is not ready or does not answer (exit 69); no token, one that is not good, or not
/// enough rights (77); whatever else the API refuses, with its own words (1); an option that makes no sense (2).
class api_client {
 public:
  /// Reads the token. Call it once: standard input has only one.
  static api_result<api_client> open(const api_options&);

  /// `target`: path and query, encoded ("/api/bots?limit=2"). `body`: JSON, or empty for none. Any answer below 300.
  api_result<client_response> call(std::string method, std::string target, std::string body = {},
                                   std::string accept = "application/json");
  /// As call(), for answers that are JSON; null for an empty one.
  api_result<json> call_json(std::string method, std::string target, std::string body = {});

 private:
  api_client(std::string url, std::string ca_file, secret token)
      : url_(std::move(url)), ca_file_(std::move(ca_file)), token_(std::move(token)) {}
  result<client_response> send(client_request);

  /// Without a slash at the end.
  std::string url_;
  std::string ca_file_;
  secret token_;
};

/// open() and one call_json(), for commands that make no other call.
api_result<json> call_api(const api_options&, std::string method, std::string target, std::string body = {});

/// "?a=b&c=d" of the values that are not empty.
class query_text {
 public:
  query_text& add(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace drover::app

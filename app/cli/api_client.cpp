#include "app/cli/api_client.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/config.hpp"
#include "base/encoding.hpp"
#include "base/files.hpp"
#include "base/task_scope.hpp"
#include "net/http_client.hpp"

namespace drover::app {
namespace {

constexpr std::string_view default_url = "http://127.0.0.1:8080";
constexpr std::size_t token_limit_bytes = 4096;
constexpr nanoseconds answer_limit = 60s;
constexpr std::size_t answer_limit_bytes = 64 * 1024 * 1024;

std::unexpected<api_failure> give_up(int code, std::string message) {
  return std::unexpected(api_failure{code, std::move(message)});
}

std::string from_environment(const std::string& name) {
  const auto all = process_environment();
  const auto found = all.find(name);
  return found == all.end() ? std::string() : found->second;
}

secret read_token_line() {
  std::string line;
  for (int c = std::getchar(); c != EOF && c != '\n' && line.size() < token_limit_bytes; c = std::getchar())
    line.push_back(static_cast<char>(c));
  if (line.ends_with('\r')) line.pop_back();
  secret token(line);
  wipe_memory(line.data(), line.size());
  return token;
}

/// A header must not be continued by what a file holds.
bool is_header_text(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

api_result<secret> read_token(const api_options& options) {
  secret token;
  if (options.token_stdin) {
    token = read_token_line();
  } else if (!options.token_file.empty()) {
    auto read = read_secret_file(options.token_file);
    if (!read) return give_up(exit_config, "--token-file: " + read.error().detail);
    token = std::move(*read);
  } else {
    token = secret(from_environment("DROVER_TOKEN"));
  }
  if (token.empty())
    return give_up(exit_no_permission,
                   "no token: pass --token-file FILE, --token-stdin or the environment DROVER_TOKEN (POST /client/login gives one)");
  if (!is_header_text(token.reveal())) return give_up(exit_usage, "the token holds characters that no token has");
  return token;
}

api_result<std::string> read_url(const api_options& options) {
  std::string url = options.url;
  if (url.empty()) url = from_environment("DROVER_URL");
  if (url.empty()) url = default_url;
  while (url.ends_with('/')) url.pop_back();
  const auto parts = net::parse_url(url);
  if (!parts || (parts->scheme != "http" && parts->scheme != "https"))
    return give_up(exit_usage, "--url must be http://host:port or https://host, not '" + url + "'");
  return url;
}

api_failure to_failure(const error& e, const std::string& url, bool is_read) {
  if (e.code == make_error_code(transport_errc::not_sent))
    return {exit_unavailable, "cannot reach the engine at " + url + ": " + e.detail + " (is it running? --url or DROVER_URL names another one)"};
  std::string message = "no answer from " + url + ": " + e.detail;
  if (!is_read) message += "; it may have been done all the same: look before you repeat it";
  return {exit_unavailable, std::move(message)};
}

int exit_code_of(int status) {
  if (status == 401 || status == 403) return exit_no_permission;
  return status >= 502 && status <= 504 ? exit_unavailable : exit_failed;
}

std::string text_of(const json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The API's own words, RFC 9457.
api_failure to_failure(const client_response& response, const std::string& url) {
  const int code = exit_code_of(response.status);
  const auto problem = parse_json(response.body);
  if (!problem || !problem->is_object() || text_of(*problem, "title").empty())
    return {code, fmt::format("{} answered {}, and not as an engine does", url, response.status)};
  std::string message = text_of(*problem, "title");
  if (const auto detail = text_of(*problem, "detail"); !detail.empty()) message += ": " + detail;
  if (const auto id = text_of(*problem, "request_id"); response.status >= 500 && !id.empty()) message += " (request " + id + ")";
  return {code, std::move(message)};
}

task<void> keep(http_client& client, client_request request, std::optional<result<client_response>>& out) {
  auto answer = co_await client.send(std::move(request));
  out.emplace(std::move(answer));
}

}  // namespace

void add_api_options(CLI::App& command, api_options& options) {
  command.add_option("--url", options.url, "The running engine; default: environment DROVER_URL, else " + std::string(default_url));
  auto* file = command.add_option("--token-file", options.token_file, "File (mode 0600) with the bearer token; default: environment DROVER_TOKEN");
  command.add_flag("--token-stdin", options.token_stdin, "Read the bearer token from the first line of standard input")->excludes(file);
  command.add_option("--ca-file", options.ca_file, "PEM bundle to trust instead of the system's")->check(CLI::ExistingFile);
}

int report(const api_failure& failure) {
  fmt::print(stderr, "engine: {}\n", failure.message);
  return failure.code;
}

api_result<api_client> api_client::open(const api_options& options) {
  auto url = read_url(options);
  if (!url) return std::unexpected(std::move(url.error()));
  auto token = read_token(options);
  if (!token) return std::unexpected(std::move(token.error()));
  return api_client(std::move(*url), options.ca_file, std::move(*token));
}

result<client_response> api_client::send(client_request request) {
  asio::io_context io(1);
  const auto timers = make_timer_queue(io.get_executor(), system_clock());
  const auto client = net::make_http_client(io.get_executor(), *timers, {.ca_file = ca_file_, .user_agent = "engine-cli"});
  std::optional<result<client_response>> answer;
  std::string failure;
  task_scope scope(io.get_executor(), "api", [&failure](std::string_view, std::string_view what) { failure = what; });
  scope.spawn("call", keep(*client, std::move(request), answer));
  while (scope.size() > 0 && io.run_one() > 0) {
  }
  if (!answer) return fail(transport_errc::no_answer, failure);
  return std::move(*answer);
}

api_result<client_response> api_client::call(std::string method, std::string target, std::string body, std::string accept) {
  client_request request{.method = std::move(method), .url = url_ + target, .headers = {}, .body = std::move(body), .deadline = answer_limit};
  request.response_limit_bytes = answer_limit_bytes;
  const bool is_read = request.method == "GET";
  request.headers.emplace_back("Authorization", "Bearer " + std::string(token_.reveal()));
  request.headers.emplace_back("Accept", std::move(accept));
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  auto answer = send(std::move(request));
  if (!answer) return std::unexpected(to_failure(answer.error(), url_, is_read));
  if (answer->status >= 300) return std::unexpected(to_failure(*answer, url_));
  return std::move(*answer);
}

api_result<json> api_client::call_json(std::string method, std::string target, std::string body) {
  auto answer = call(std::move(method), std::move(target), std::move(body));
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->body.empty()) return json();
  auto parsed = json::parse(answer->body, nullptr, false);
  if (parsed.is_discarded()) return give_up(exit_unavailable, url_ + " answered with something that is not an engine's JSON");
  return parsed;
}

api_result<json> call_api(const api_options& options, std::string method, std::string target, std::string body) {
  auto client = api_client::open(options);
  if (!client) return std::unexpected(std::move(client.error()));
  return client->call_json(std::move(method), std::move(target), std::move(body));
}

query_text& query_text::add(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_ += text_.empty() ? '?' : '&';
  text_.append(name).append("=").append(percent_encode(value));
  return *this;
}

}  // namespace drover::app

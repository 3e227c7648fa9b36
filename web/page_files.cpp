#include "web/page_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "base/log.hpp"

namespace drover::web {

namespace {

const logger& log() {
  static const logger instance("web.page");
  return instance;
}

constexpr std::size_t total_limit_bytes = 64 * 1024 * 1024;

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> media_types{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".webp", "image/webp"},
    {".jpg", "image/jpeg"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
}};

/// Paths of the API: never answered with the page.
constexpr std::array<std::string_view, 6> api_prefixes{"/api/", "/ws/", "/user/", "/client/", "/backend/", "/assets/"};

std::string_view media_type_of(std::string_view name) {
  for (const auto& [suffix, type] : media_types)
    if (name.ends_with(suffix)) return type;
  return "application/octet-stream";
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

net::http_response make_building_hint() {
  net::http_response response;
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  response.body =
      "The API is running. The page is not installed: scripts/run builds it, or run npm ci && npm run build in "
      "web/ui and set web.page_folder to web/ui/dist.\n";
  return response;
}

std::string without_slash(std::string path) {
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool is_refused_quality(std::string_view parameters) {
  auto q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  auto value = trim(parameters.substr(q + 2));
  return value.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool accepts_encoding(std::string_view header, std::string_view coding) {
  while (!header.empty()) {
    auto item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(item.size() + 1, header.size()));
    auto name = trim(item.substr(0, item.find(';')));
    auto parameters = item.substr(std::min(item.find(';'), item.size()));
    if (name == coding) return !is_refused_quality(parameters);
  }
  return false;
}

page_files::page_files(file_system& files, const std::string& folder) {
  if (folder.empty()) return;
  bool whole = read_folder(files, folder, "/") && read_folder(files, folder + "/assets", "/assets/");
  if (whole && files_.contains("/index.html")) {
    index_ = "/index.html";
    return;
  }
  files_.clear();
  log().warn("the page is not served: its folder holds no built page, or a too large one", {{"folder", folder}});
}

bool page_files::read_folder(file_system& files, const std::string& folder, const std::string& prefix) {
  auto names = files.list(folder);
  if (!names) return prefix != "/";
  return std::all_of(names->begin(), names->end(),
                     [&](const std::string& name) { return add(files, folder + "/" + name, prefix + name); });
}

bool page_files::add(file_system& files, const std::string& path, std::string url) {
  auto content = files.read(path, total_limit_bytes);
  if (!content) return false;
  size_bytes_ += content->size();
  if (size_bytes_ > total_limit_bytes) return false;
  variant v;
  v.etag = fmt::format("\"{:08x}-{:x}\"", crc32c(*content), content->size());
  v.content = std::make_shared<const std::string>(std::move(*content));
  auto slot = &file::plain;
  if (url.ends_with(".gz")) slot = &file::gzip;
  if (url.ends_with(".br")) slot = &file::brotli;
  if (slot != &file::plain) url.resize(url.size() - 3);
  auto& entry = files_[url];
  entry.type = media_type_of(url);
  entry.immutable = url.starts_with("/assets/");
  entry.*slot = std::move(v);
  return true;
}

std::optional<net::http_response> page_files::find(const net::http_request& http) const {
  if (!present()) return http.path == "/" ? std::optional(make_building_hint()) : std::nullopt;
  if (const auto* named = find_file(http.path)) return respond(*named, http);
  if (const auto* titled = find_file(without_slash(http.path) + ".html")) return respond(*titled, http);
  auto is_api = [&](std::string_view prefix) { return http.path.starts_with(prefix); };
  if (std::any_of(api_prefixes.begin(), api_prefixes.end(), is_api)) return std::nullopt;
  if (find_header(http.headers, "Accept").find("text/html") == std::string_view::npos && http.path != "/")
    return std::nullopt;
  return respond(files_.at(index_), http);
}

const page_files::file* page_files::find_file(const std::string& url) const {
  auto found = files_.find(url);
  return found != files_.end() && found->second.plain.content ? &found->second : nullptr;
}

net::http_response page_files::respond(const file& f, const net::http_request& http) const {
  auto accepted = find_header(http.headers, "Accept-Encoding");
  const variant* chosen = &f.plain;
  std::string_view coding;
  if (f.gzip.content && accepts_encoding(accepted, "gzip")) chosen = &f.gzip, coding = "gzip";
  if (f.brotli.content && accepts_encoding(accepted, "br")) chosen = &f.brotli, coding = "br";
  net::http_response response;
  response.headers.emplace_back("ETag", chosen->etag);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Cache-Control", f.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (find_header(http.headers, "If-None-Match").find(chosen->etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", f.type);
  if (!coding.empty()) response.headers.emplace_back("Content-Encoding", coding);
  response.shared_body = chosen->content;
  return response;
}

}  // namespace drover::web

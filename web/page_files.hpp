#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/files.hpp"
#include "net/http_server.hpp"

namespace drover::web {

/// The built page, read into memory once: what is not in the table cannot be asked for. Files of assets/ carry a hash
/// in their name and are cached for a year; the rest is asked for again each time. One thread after construction.
class page_files {
public:
  /// `folder` empty or without index.html: no page. At most 64 MiB are read; bigger folders are a logged error and no
  /// page.
  page_files(file_system&, const std::string& folder);

  bool present() const { return !index_.empty(); }
  /// The file at `http.path` (also "/docs" for docs.html, with or without a slash behind), or index.html for paths of the
  /// page's own routes; nothing when it is not for the page.
  /// Answers 304 to a matching If-None-Match. Without a page, "/" says how to build it. Only for GET and HEAD.
  std::optional<net::http_response> find(const net::http_request& http) const;

private:
  struct variant {
    std::shared_ptr<const std::string> content;
    std::string etag;
  };
  struct file {
    std::string_view type;
    bool immutable = false;
    variant plain, gzip, brotli;
  };
  bool read_folder(file_system&, const std::string& folder, const std::string& prefix);
  bool add(file_system&, const std::string& path, std::string url);
  const file* find_file(const std::string& url) const;
  net::http_response respond(const file&, const net::http_request&) const;

  std::unordered_map<std::string, file> files_;
  std::string index_;
  std::size_t size_bytes_ = 0;
};

/// "gzip, br;q=0.5": is the coding welcome (q above 0)?
bool accepts_encoding(std::string_view header, std::string_view coding);

}  // namespace drover::web

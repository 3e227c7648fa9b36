#include "web/page_files.hpp"

#include <gtest/gtest.h>

#include <map>

namespace drover::web {
namespace {

/// A folder in memory.
class memory_files final : public file_system {
public:
  std::map<std::string, std::string> files;

  result<std::string> read(const std::filesystem::path& p, std::size_t) override {
    auto found = files.find(p.string());
    if (found == files.end()) return fail(errc::not_found);
    return found->second;
  }
  result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    std::vector<std::string> names;
    for (const auto& [path, content] : files)
      if (std::filesystem::path(path).parent_path() == folder) names.push_back(std::filesystem::path(path).filename());
    if (names.empty()) return fail(errc::not_found);
    return names;
  }
  result<std::unique_ptr<append_file>> open_append(const std::filesystem::path&) override { return fail(errc::io); }
  result<void> make_folders(const std::filesystem::path&) override { return fail(errc::io); }
  result<void> remove(const std::filesystem::path&) override { return fail(errc::io); }
  result<void> truncate(const std::filesystem::path&, std::uint64_t) override { return fail(errc::io); }
  result<void> write_atomically(const std::filesystem::path&, std::string_view) override { return fail(errc::io); }
  result<std::uint64_t> free_bytes(const std::filesystem::path&) override { return fail(errc::io); }
};

class PageFiles : public testing::Test {
protected:
  PageFiles() {
    files.files = {{"dist/index.html", "<html>"},
                   {"dist/favicon.svg", "<svg/>"},
                   {"dist/assets/app-1a2b.js", "let a;"},
                   {"dist/assets/app-1a2b.js.br", "BR"},
                   {"dist/assets/app-1a2b.js.gz", "GZ"}};
  }
  std::optional<net::http_response> get(std::string path, header_list headers = {}) {
    page_files page(files, "dist");
    return page.find({.method = "GET", .path = std::move(path), .headers = std::move(headers)});
  }
  memory_files files;
};

TEST_F(PageFiles, AssetsAreCachedForAYearAndTheIndexIsNot) {
  auto asset = get("/assets/app-1a2b.js");
  ASSERT_TRUE(asset);
  EXPECT_EQ(*asset->shared_body, "let a;");
  EXPECT_EQ(find_header(asset->headers, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(find_header(asset->headers, "Content-Type"), "text/javascript; charset=utf-8");
  auto index = get("/");
  ASSERT_TRUE(index);
  EXPECT_EQ(*index->shared_body, "<html>");
  EXPECT_EQ(find_header(index->headers, "Cache-Control"), "no-cache");
}

TEST_F(PageFiles, CompressedVariantsGoToThoseWhoTakeThem) {
  auto brotli = get("/assets/app-1a2b.js", {{"Accept-Encoding", "gzip, deflate, br"}});
  EXPECT_EQ(*brotli->shared_body, "BR");
  EXPECT_EQ(find_header(brotli->headers, "Content-Encoding"), "br");
  auto gzip = get("/assets/app-1a2b.js", {{"Accept-Encoding", "gzip, br;q=0"}});
  EXPECT_EQ(*gzip->shared_body, "GZ");
  auto plain = get("/assets/app-1a2b.js", {{"Accept-Encoding", "identity"}});
  EXPECT_EQ(*plain->shared_body, "let a;");
  EXPECT_EQ(find_header(plain->headers, "Content-Encoding"), "");
  EXPECT_FALSE(get("/assets/app-1a2b.js.br"));
}

TEST_F(PageFiles, PageRoutesGetTheIndexOnlyWhenHtmlIsAccepted) {
  EXPECT_TRUE(get("/admin/approvals", {{"Accept", "text/html,*/*"}}));
  EXPECT_FALSE(get("/admin/approvals", {{"Accept", "application/json"}}));
  for (const auto* path : {"/api/nothing", "/ws/nothing", "/user/nothing", "/assets/missing.js", "/backend/x"})
    EXPECT_FALSE(get(path, {{"Accept", "text/html"}})) << path;
}

TEST_F(PageFiles, FurtherPagesNeedNoSuffix) {
  files.files["dist/docs.html"] = "<docs>";
  for (const auto* path : {"/docs", "/docs/", "/docs.html"}) EXPECT_EQ(*get(path)->shared_body, "<docs>") << path;
  EXPECT_FALSE(get("/docs/more"));
}

TEST_F(PageFiles, NothingOutsideTheFolderCanBeNamed) {
  files.files["secret.txt"] = "secret";
  for (const auto* path : {"/../secret.txt", "/assets/../../secret.txt", "//secret.txt", "/assets//app-1a2b.js"})
    EXPECT_FALSE(get(path)) << path;
}

TEST_F(PageFiles, UnchangedFilesAreNotSentAgain) {
  auto etag = std::string(find_header(get("/favicon.svg")->headers, "ETag"));
  auto again = get("/favicon.svg", {{"If-None-Match", etag}});
  EXPECT_EQ(again->status, 304);
  EXPECT_FALSE(again->shared_body);
}

TEST_F(PageFiles, WithoutAPageTheRootTellsHowToBuildIt) {
  files.files.clear();
  auto hint = get("/");
  ASSERT_TRUE(hint);
  EXPECT_NE(hint->body.find("npm"), std::string::npos);
  EXPECT_FALSE(get("/anything", {{"Accept", "text/html"}}));
}

}  // namespace
}  // namespace drover::web

#include "base/config.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/files.hpp"
#include "base/random.hpp"

namespace drover {
namespace {

class Config : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("drover-config-" + system_random().hex(6));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  struct values {
    std::int64_t port = 80;
    bool on = false;
    std::string name = "x", level = "info", parameters = "{}";
    milliseconds wait{1000};
    decimal share;
    std::optional<secret> key;
    std::vector<std::string> venues, origins;
  };

  config_outcome read(const std::string& text, std::map<std::string, std::string> environment = {},
                      std::vector<config_override> overrides = {}) {
    return read_config(write("config.yaml", text), environment, overrides, [this](config_section root) {
      auto web = root.section("web", "");
      web.get("port", v.port, 1, 65535, "Port.");
      web.get("on", v.on, "");
      web.get("origins", v.origins, "");
      root.get("name", v.name, "");
      root.get_choice("level", v.level, {"debug", "info"}, "");
      root.get("wait", v.wait, 1ms, 1min, "");
      root.get("share", v.share, 0, 1, "");
      root.get_secret("key", v.key, "");
      root.get_json("parameters", v.parameters, "");
      root.get_list("venues", [this](config_section s) {
        std::string name;
        s.get("name", name, "");
        v.venues.push_back(name);
      }, "");
    });
  }

  static std::string all(const config_outcome& outcome) {
    std::string text;
    for (const auto& p : outcome.problems) text += p.to_string() + "\n";
    return text;
  }

  std::filesystem::path folder_;
  values v;
};

TEST_F(Config, ReadsEveryKind) {
  const auto outcome = read("web:\n  port: 8080\n  on: true\n  origins: [a, b]\nname: y\nlevel: debug\nwait: 5s\nshare: \"0.25\"\n"
                            "parameters: {symbol: BTC/USDT, n: 3, d: \"0.5\", b: true}\nvenues:\n  - {name: one}\n  - {name: two}\n");
  EXPECT_EQ(all(outcome), "");
  EXPECT_EQ(v.port, 8080);
  EXPECT_TRUE(v.on);
  EXPECT_EQ(v.origins, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(v.wait, 5s);
  EXPECT_EQ(v.share, "0.25"_dec);
  EXPECT_EQ(v.parameters, R"({"b":true,"d":"0.5","n":3,"symbol":"BTC/USDT"})");
  EXPECT_EQ(v.venues, (std::vector<std::string>{"one", "two"}));
}

TEST_F(Config, ReportsAllProblemsAtOnceWithTheirPlaces) {
  const auto outcome = read("web:\n  prot: 1\n  port: 70000\nlevel: lowd\nwait: 5 parsecs\nname: a\nname: b\nvenues: {}\n");
  const auto text = all(outcome);
  EXPECT_NE(text.find("config.yaml:2:3: web.prot: is not a known key; did you mean 'web.port'?"), std::string::npos) << text;
  EXPECT_NE(text.find("config.yaml:3:9: web.port: must be a whole number from 1 to 65535, not '70000'"), std::string::npos) << text;
  EXPECT_NE(text.find(":4:"), std::string::npos);
  EXPECT_NE(text.find(":5:"), std::string::npos);
  EXPECT_NE(text.find("name: appears twice"), std::string::npos) << text;
  EXPECT_NE(text.find("venues: must be a list"), std::string::npos) << text;
  EXPECT_EQ(v.port, 80);
}

TEST_F(Config, EnvironmentBeatsFileAndCommandLineBeatsBoth) {
  const auto outcome = read("web: {port: 1}\nname: file\n", {{"DROVER__WEB__PORT", "2"}, {"DROVER__NAME", "environment"}, {"HOME", "/"}},
                            {{"web.port", "3"}});
  EXPECT_EQ(all(outcome), "");
  EXPECT_EQ(v.port, 3);
  EXPECT_EQ(v.name, "environment");
}

TEST_F(Config, UnknownEnvironmentAndCommandLineKeysAreProblems) {
  const auto text = all(read("", {{"DROVER__WEB__PROT", "2"}}, {{"web.prot", "3"}}));
  EXPECT_NE(text.find("environment"), std::string::npos);
  EXPECT_NE(text.find("command line"), std::string::npos);
}

TEST_F(Config, SecretsComeFromPrivateFilesOnly) {
  const auto good = write("good", "hunter2\n");
  EXPECT_EQ(all(read("key_file: " + good.string() + "\n")), "");
  ASSERT_TRUE(v.key);
  EXPECT_EQ(v.key->reveal(), "hunter2");
  const auto open = write("open", "hunter2\n", 0644);
  const auto text = all(read("key_file: " + open.string() + "\n"));
  EXPECT_NE(text.find("chmod 0600"), std::string::npos);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  EXPECT_NE(all(read("key: hunter2\n")).find("key_file"), std::string::npos);
  v.key.reset();
  EXPECT_EQ(all(read("", {{"DROVER__KEY_FILE", good.string()}})), "");
  EXPECT_TRUE(v.key);
  v.key.reset();
  write("key", "from systemd\n");
  EXPECT_EQ(all(read("", {{"CREDENTIALS_DIRECTORY", folder_.string()}})), "");
  EXPECT_EQ(v.key->reveal(), "from systemd");
}

TEST_F(Config, AFileThatIsNotYamlIsOneProblemWithItsLine) {
  const auto outcome = read("web:\n  port: [1\n");
  ASSERT_FALSE(outcome.problems.empty());
  EXPECT_GT(outcome.problems[0].line, 0);
}

TEST_F(Config, FilesAreReplacedWholeAndPrivate) {
  auto& files = system_files();
  const auto path = folder_ / "state";
  ASSERT_TRUE(files.write_atomically(path, "one"));
  ASSERT_TRUE(files.write_atomically(path, "two"));
  EXPECT_EQ(files.read(path, 100).value(), "two");
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  auto log = files.open_append(folder_ / "log").value();
  ASSERT_TRUE(log->append("abc"));
  ASSERT_TRUE(log->sync());
  EXPECT_EQ(log->size_bytes(), 3u);
  EXPECT_EQ(files.list(folder_).value(), (std::vector<std::string>{"log", "state"}));
  EXPECT_FALSE(files.read(folder_ / "log", 2));
  EXPECT_FALSE(files.read(folder_ / "missing", 2));
}

}  // namespace
}  // namespace drover

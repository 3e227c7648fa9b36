#include "base/config.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

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

TEST_F(Config, ListsMayComeFromTheEnvironment) {
  EXPECT_EQ(all(read("web: {origins: [x]}\n", {{"DROVER__WEB__ORIGINS", "https://a, https://b,"}})), "");
  EXPECT_EQ(v.origins, (std::vector<std::string>{"https://a", "https://b"}));
  EXPECT_EQ(all(read("", {{"DROVER__WEB__ORIGINS", ""}})), "");
  EXPECT_TRUE(v.origins.empty());
}

TEST_F(Config, FreeMapsKeepTextsAndRefuseDuplicates) {
  EXPECT_EQ(all(read("parameters: {a: 1.50, b: 007, c: -3, d: \"4\", e: [1, x], f: {g: false}}\n")), "");
  EXPECT_EQ(v.parameters, R"({"a":"1.50","b":"007","c":-3,"d":"4","e":[1,"x"],"f":{"g":false}})");
  const auto twice = all(read("parameters:\n  a: 1\n  b:\n    c: 1\n    c: 2\n"));
  EXPECT_NE(twice.find(":5:5: parameters.b.c: appears twice"), std::string::npos) << twice;
  EXPECT_EQ(all(read("", {{"DROVER__PARAMETERS", R"({"a": "x"})"}})), "");
  EXPECT_EQ(v.parameters, R"({"a":"x"})");
  for (const char* wrong : {"[1]", "{\"a\":1.5}", "nonsense", ""})
    EXPECT_NE(all(read("", {{"DROVER__PARAMETERS", wrong}})).find("must be a JSON object"), std::string::npos) << wrong;
}

TEST_F(Config, SuggestsNamesInTheEnvironmentToo) {
  const auto text = all(read("", {{"DROVER__WEB__PROT", "2"}, {"DROVER__WEB__PORT_FILE", "x"}}));
  EXPECT_NE(text.find("environment: DROVER__WEB__PROT: is not a known key; did you mean 'DROVER__WEB__PORT'?"), std::string::npos) << text;
  EXPECT_NE(text.find("DROVER__WEB__PORT_FILE: is not a known key"), std::string::npos) << text;
}

TEST_F(Config, TellsWhereEveryValueCameFrom) {
  const auto outcome = read("web: {port: 81}\n", {{"DROVER__WAIT", "3s"}, {"CREDENTIALS_DIRECTORY", "/nonexistent"}}, {{"name", "z"}});
  std::map<std::string, std::string> origins;
  for (const auto& key : outcome.keys) origins[key.key] = key.origin;
  EXPECT_TRUE(origins["web.port"].ends_with("config.yaml"));
  EXPECT_EQ(origins["wait"], "environment");
  EXPECT_EQ(origins["name"], "command line");
  EXPECT_EQ(origins["level"], "default");
  EXPECT_EQ(origins["web.origins"], "default");
  EXPECT_EQ(origins["key_file"], "not set");
}

TEST_F(Config, AMissingFileIsOneProblem) {
  const auto outcome = read_config(folder_ / "missing.yaml", {}, {}, [](config_section) {});
  ASSERT_EQ(outcome.problems.size(), 1u);
  EXPECT_NE(outcome.problems[0].to_string().find("cannot be read"), std::string::npos);
}

TEST_F(Config, BytesThatAreNoTextAreNamedByTheirPlace) {
  const auto outcome = read("parameters: {a\xc1: 3}");
  EXPECT_NE(all(outcome).find("is not UTF-8 at byte 15"), std::string::npos) << all(outcome);
}

TEST_F(Config, AnAliasOfItselfIsAProblemAndNoEndlessLoop) {
  const auto outcome = read("parameters: &x {again: *x}");
  EXPECT_NE(all(outcome).find("aliases"), std::string::npos) << all(outcome);
  EXPECT_EQ(v.parameters, "{}");
}

TEST_F(Config, ManyCopiesOfManyCopiesAreAProblem) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'i'; ++name) {
    const std::string one = std::string("*") + static_cast<char>(name - 1);
    text += std::string(1, name) + ": &" + name + " [" + one;
    for (int i = 0; i < 9; ++i) text += ", " + one;
    text += "]\n";
  }
  EXPECT_NE(all(read(text)).find("too large"), std::string::npos);
}

}  // namespace
}  // namespace drover

// Any bytes as config.yaml, read by one key of every kind: values within their bounds or problems, never an end of the
// process.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/config.hpp"

namespace {

using namespace drover;

/// A file without a disk that holds the input.
class input_file {
public:
  input_file() : number_(memfd_create("config", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(number_)) {
    if (number_ < 0) std::abort();
  }
  void hold(const std::uint8_t* data, std::size_t size) {
    if (ftruncate(number_, 0) != 0 || pwrite(number_, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  }
  const std::string& path() const { return path_; }

private:
  int number_;
  std::string path_;
};

struct values {
  bool flag = false;
  std::string text, choice = "a", parameters = "{}";
  std::vector<std::string> list;
  int number = 1;
  decimal amount{1};
  milliseconds pause{1'000};
  std::optional<secret> key;
};

void read_all(config_section root, values& v) {
  auto s = root.section("web", "a section");
  s.get("flag", v.flag, "");
  s.get("text", v.text, "");
  s.get("list", v.list, "");
  s.get("number", v.number, -5, 100, "");
  s.get("amount", v.amount, 0, 10, "");
  s.get("pause", v.pause, 1ms, 10s, "");
  s.get_choice("choice", v.choice, {"a", "b"}, "");
  s.get_secret("key", v.key, "");
  s.get_json("parameters", v.parameters, "");
  root.get_list(
      "exchanges",
      [](config_section entry) {
        std::string name;
        entry.get("name", name, "");
      },
      "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static input_file file;
  file.hold(data, size);
  values v;
  const auto outcome = read_config(file.path(), {}, {}, [&](config_section root) { read_all(root, v); });
  for (const auto& problem : outcome.problems)
    if (problem.message.empty()) std::abort();
  if (v.number < -5 || v.number > 100 || v.amount.is_negative() || v.amount > decimal(10) || v.pause < 1ms ||
      v.pause > 10s)
    std::abort();
  return 0;
}

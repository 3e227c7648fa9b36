#include "simulation/bias.hpp"

#include <sstream>
#include <string>

namespace drover::simulation {
namespace {

bool take_word(const std::string& word, bias& out) {
  if (word == "desks" || word == "bots") return out.bots = word == "bots", true;
  if (word == "copy") return out.bots = out.copying = true, true;
  if (word == "grid") return out.bots = out.grid = true, true;
  if (word == "recording") return out.recording = true, true;
  if (word == "loud") return out.loud = true, true;
  if (word == "scarce") return out.scarce = true, true;
  const auto named = parse_fault(std::string_view(word).substr(1));
  if (!named || (word[0] != '+' && word[0] != '-')) return false;
  (word[0] == '+' ? out.surely : out.never).push_back(*named);
  return true;
}

}  // namespace

result<bias> parse_bias(std::string_view text) {
  bias out;
  out.words = text;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (!out.recording) out.recording = false;
    if (!out.copying) out.copying = false;
    if (!take_word(word, out)) return fail(errc::malformed, "simulation/bias.hpp names no '" + word + "'");
  }
  return out;
}

}  // namespace drover::simulation

#include "web/step_up.hpp"

#include "web/services.hpp"

namespace drover::web {

std::optional<problem> ask_for_password(const request& r, const services& s) {
  const auto now = s.parts.wall.wall_now();
  if (r.caller && now - r.caller->signed_in_at <= s.config.confirm_after) return std::nullopt;
  const auto most = std::to_string(std::chrono::duration_cast<seconds>(s.config.confirm_after).count());
  problem p{401, "step-up-required", "Password needed",
            "Enter your password again (POST /api/sessions/confirm), then repeat this call with the new token."};
  p.headers.emplace_back("WWW-Authenticate",
                         "Bearer error=\"insufficient_user_authentication\", max_age=\"" + most + "\"");
  return p;
}

}  // namespace drover::web

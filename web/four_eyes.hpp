#pragma once

#include <optional>
#include <string>

#include "tenants/proposals/proposal_service.hpp"
#include "web/request.hpp"

namespace drover::web {

struct services;

/// Throws logic_error where there are none.
tenants::proposal_service& get_proposals(services&);

/// Something that nobody does alone.
struct second_opinion {
  tenants::proposal_kind kind;
  std::string subject;
  std::string reason;
};

/// What a decision about it depends on, as text; an error of the services when there is no such thing (any more).
task<result<std::string>> describe_subject(services&, tenants::proposal_kind, std::string subject);

/// Before an administrator goes: that there were two is remembered.
task<result<void>> note_administrators(services&);

/// Nothing when the caller may do it now; else what to answer: 202 with the proposal that another administrator has to
/// confirm, or the refusal.
task<std::optional<answer>> ask_second_eyes(const request&, services&, second_opinion);

}  // namespace drover::web

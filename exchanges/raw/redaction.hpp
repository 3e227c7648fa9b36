#pragma once

#include <string>
#include <string_view>

#include "exchanges/raw/raw_recorder.hpp"

/// What must not be on the disk is replaced by "***" before a record is written. Works on any bytes, JSON or not, whole or
/// cut, and never fails: what looks like a secret is one. Any thread.
namespace drover::exchanges {

/// Streams with these endings: accounts' own, and public ones.
inline constexpr std::string_view private_stream_ending = ".user", market_stream_ending = ".market";

/// False for what was asked for without any secret: nothing that the venue says can repeat one. (A venue's instruments are
/// many megabytes: looking through them would hold up trading.)
bool may_hold_secrets(const raw_record&);

/// The body with every secret replaced:
/// - values of JSON members that are named like a secret ("listenKey", "token", "apiKey", "signature", …), also inside of JSON that
///   is quoted as a string;
/// - values of query parameters named so ("signature=…" in an error page that quotes the address);
/// - by rule of the call: in answers to stream_access and keep_stream_access every text of more than 15 characters; in answers to
///   permissions the members "key", "id", "label" and "name" as well.
/// Answers `body` itself when there is nothing to replace, else `scratch`.
std::string_view redact_body(std::string_view operation, std::string_view body, std::string& scratch);

/// The same for one line of text: reasons of gaps, which quote addresses.
std::string redact_line(std::string_view text);

}  // namespace drover::exchanges

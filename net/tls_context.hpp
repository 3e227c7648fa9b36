#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/error.hpp"

/// TLS settings of both sides: 1.2 or newer, no compression. Internal to net/.
namespace drover::net {

/// errc::io when a file does not load; the detail names the setting, not the file.
result<std::shared_ptr<boost::asio::ssl::context>> make_server_tls(const std::string& certificate_file,
                                                                    const std::string& key_file);
/// Trusts `ca_file`, or the system's store when it is empty. Peers must be verified.
result<std::shared_ptr<boost::asio::ssl::context>> make_client_tls(const std::string& ca_file);

/// Demands that the peer's certificate is for `host` (name or address) and sends the name (SNI).
result<void> set_expected_host(SSL*, const std::string& host);

}  // namespace drover::net

#include "net/tls_context.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

namespace drover::net {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

constexpr auto hardening = ssl::context::default_workarounds | ssl::context::no_compression |
                           ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                           ssl::context::no_tlsv1_1;

}  // namespace

result<std::shared_ptr<ssl::context>> make_server_tls(const std::string& certificate_file,
                                                      const std::string& key_file) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  error_code ec;
  context->set_options(hardening, ec);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  context->use_certificate_chain_file(certificate_file, ec);
  if (ec) return fail(errc::io, "the TLS certificate file does not load: " + ec.message());
  context->use_private_key_file(key_file, ssl::context::pem, ec);
  if (ec) return fail(errc::io, "the TLS key file does not load or does not fit the certificate: " + ec.message());
  return context;
}

result<std::shared_ptr<ssl::context>> make_client_tls(const std::string& ca_file) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  error_code ec;
  context->set_options(hardening, ec);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  if (ca_file.empty())
    context->set_default_verify_paths(ec);
  else
    context->load_verify_file(ca_file, ec);
  if (ec) return fail(errc::io, "the bundle of trusted certificates does not load: " + ec.message());
  context->set_verify_mode(ssl::verify_peer, ec);
  return context;
}

result<void> set_expected_host(SSL* session, const std::string& host) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(session);
  error_code not_an_address;
  boost::asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) != 1) return fail(errc::malformed, "host address");
    return {};
  }
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) != 1 ||
      SSL_set_tlsext_host_name(session, host.c_str()) != 1)
    return fail(errc::malformed, "host name");
  return {};
}

}  // namespace drover::net

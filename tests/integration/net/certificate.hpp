#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace drover::test {

/// A key and a self-signed certificate for "localhost" (not for its address), in a folder that goes with the object.
class self_signed_certificate {
 public:
  self_signed_certificate() {
    char name[] = "/tmp/drover-tls-XXXXXX";
    if (!::mkdtemp(name)) throw std::runtime_error("mkdtemp");
    folder_ = name;
    const auto command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
                         "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
                         key_file() + " -out " + certificate_file() + " 2>/dev/null";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl req failed");
  }
  ~self_signed_certificate() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  self_signed_certificate(const self_signed_certificate&) = delete;
  self_signed_certificate& operator=(const self_signed_certificate&) = delete;
  std::string key_file() const { return folder_ / "key.pem"; }
  std::string certificate_file() const { return folder_ / "certificate.pem"; }

 private:
  std::filesystem::path folder_;
};

}  // namespace drover::test

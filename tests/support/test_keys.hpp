#pragma once

#include <string_view>

/// Keys made for tests; they open nothing.
namespace drover::test {

constexpr std::string_view ed25519_pem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEII6yqI39ETLGIXwCe3p5ela39Iy1z78yUpt7ihcdtJqv\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view ed25519_public_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAVJItQfKpiOLJkPuIL57uEkVgvQ9iBD3C83VEq3UgvI8=\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view rsa_pem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC/c7vGrVw1FKrd\n"
    "FexPCd5CnfEO2pLilCrnjzSRozKkVj3nMizXZGCEMuMd8M7dy037UqxXTG9JSlDC\n"
    "FUSSVreHVVmYv2rWgIqtsveRXAzUS1s/2WQiW0rcnQ7Jm3lvbhR7lonfusKpJKmg\n"
    "8u7gRL4wF7bXhcv7xy2idgZhpsdVn25cQre2ayX9l8O0zegUm/8D9dkVohHprrhL\n"
    "VT6A8C7sFsUTMDm4X3aezzkNDtSghhkifh2Z+bGtsY4EEHqrD4B6+U6w89o74NZ6\n"
    "GyzpyLqUz8Os2x7uIDoHoE7YvgTtDEj0MyIUJcA0rjBYHZE2rZly4xsEY4X6pk2E\n"
    "oA6UXi7TAgMBAAECggEABBma5lzVEi/wns524pRwBZYzUOGebqrEpnPbKNlJXtqX\n"
    "9ckNy8kTBhG+6me7TmWptF2nYjE5WuT0CMwCzW18/bF2uz4yMAjNr32bLqo9fhhl\n"
    "Cl+B9PhmiIX2iJvDRH8jgigNqNRrkcq+tTsuoW/ncMk5ObFcVnaEBCwp49J6B1va\n"
    "tsn5A72gGQBkfygdPsjNbhJTZit2q+aHzAqmflPDvhNivcVS1eq/bfQOU1+mlAaz\n"
    "lGxlQmyhkkFyZkgAFGlFa/fO1s52dKs/UPlNX7Xt81+BV/wZD0otNuS1P7Vu0dSu\n"
    "4T0vssovG5246E5wJ5wmP2hbFHrosGhvZ3Jtj6LQGQKBgQDpe+NcKZqr4rDgyIBN\n"
    "yktgNsxFw49m2NnMrrEKiVLwURZvluN/AN7AY51nqL0JDK5USooEduNyO/yh5CeL\n"
    "WfNLCkwl/JfyOjaj04dY4FB7w2hbzosI0qjrl1h6PK4qvsMpCRpR5DFYwWeYuhI7\n"
    "PaOJNgfK+gqm3oC9JgySiJk6yQKBgQDR6jAmzBT/giSJz6VbA/2WtSFIFLhRQgsO\n"
    "tgE4n2BPUwVKyVo1J8Fmqur+0pXW8gCEKNpYpUAEu01ho/yRfNKMlZIbjP8bgsSO\n"
    "uRHN1T9l40mLKjPOWlnwZeXa6urR1V1VMZU449LcZ+gaqtctGy8d6Et92mCvFKVH\n"
    "bjO49M9OuwKBgDYl/DmgkHVyknDfLxpbYxXCP6eiTfydKA3XKcn2xRxkwd5JUSNg\n"
    "MUjPEW876/NQVJHJ465bYC5bCSEGh8FCsDDkB3r71MVhiNB/uzD6fM/nJqm8AfSe\n"
    "3nwc0nEu53mUWjCHIuqBEIyz9fGunZHNnsKwnCgPyy6eBZ9YVqwZL+g5AoGABJB0\n"
    "BZPwbPHWe4yhSs5WaD1+AMQ6kcG+3c4FTsbgYDks50hjhr5bjTDwNSQ9D9RpQHZm\n"
    "8QB+2Nt9vj7DkiJFrbre12yEa4O3ZGcPxQr6+usrQTRktfru87QzgEQVYQSjp+OR\n"
    "HBCQGCzGNjY6wYdSyfKwGYdzDLuFMH1r8HyaOVsCgYB8KREKB9k+krGA8P0pFDk3\n"
    "JQYMylKB6tZ+TOADHSTp8ECYREFiDfs2Z4+D4H/JvdwhUsSAFF6SwOVGMhzEIf4H\n"
    "kK1PLH4y6O7iP5mV9TrU/DrxXk1K8RBW9aNZkda2w2zmcCKbZRp872pWJvOKGCoM\n"
    "7Prkh0E1IcZ3S+ACCGPxXA==\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view rsa_public_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv3O7xq1cNRSq3RXsTwne\n"
    "Qp3xDtqS4pQq5480kaMypFY95zIs12RghDLjHfDO3ctN+1KsV0xvSUpQwhVEkla3\n"
    "h1VZmL9q1oCKrbL3kVwM1EtbP9lkIltK3J0OyZt5b24Ue5aJ37rCqSSpoPLu4ES+\n"
    "MBe214XL+8ctonYGYabHVZ9uXEK3tmsl/ZfDtM3oFJv/A/XZFaIR6a64S1U+gPAu\n"
    "7BbFEzA5uF92ns85DQ7UoIYZIn4dmfmxrbGOBBB6qw+AevlOsPPaO+DWehss6ci6\n"
    "lM/DrNse7iA6B6BO2L4E7QxI9DMiFCXANK4wWB2RNq2ZcuMbBGOF+qZNhKAOlF4u\n"
    "0wIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

/// What the OpenSSL command line says of this text (`openssl pkeyutl -sign -rawin`, `openssl dgst -sha256 -sign`), base64.
constexpr std::string_view signed_text = "timestamp=1700000000123&symbol=BTCUSDT&recvWindow=10000";
constexpr std::string_view ed25519_signature =
    "GQhoGYJPBHsL2amppu/NVNQvdGhZJwMkJw5QbFXLgzWg7WVGHSqhpEROt+p2g+DgtCvevjRL+4sANLwZ7fKICw==";
constexpr std::string_view rsa_signature =
    "OR33aPTPNzPhRQRP/U35P+z+jqPTAxj9+5mf4iUnwwOjvHNFGBrupnsVbs04t6F78NZ8ofaDDX8o5ZTQHGZOLSM7+SmtsQxJyvgY"
    "7LcP9dUYnhyaFM3ysE7rjt/h9SAn2fN86HpI6o2B8FXlrE0fAPd7V5puqMimvHoLYNY2eVqDEXD07i/500tzGfCwiMqJZUo07UR1"
    "y1A17Xh0U7PoTqeyRLTCXZYQZruCrXjuyjVao3ev7PF+jz/okTz2+G5pVjUlMi6Zn0CHhnn5uotAa+Yn4g+emHuhzRn3uY8OubDU"
    "+Ku/NnInjPk0/utb9uw+6bQbQ62FkfQeQhPfKhlw2g==";

}  // namespace drover::test

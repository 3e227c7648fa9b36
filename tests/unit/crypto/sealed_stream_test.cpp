#include "crypto/sealed_stream.hpp"

#include <gtest/gtest.h>

namespace drover::crypto {
namespace {

class SealedStream : public testing::Test {
protected:
  static std::vector<std::string> seal(const std::vector<std::string>& chunks, std::string_view header = "header",
                                       char key = 'k') {
    stream_sealer sealer(secret(std::string(32, key)), header);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < chunks.size(); ++i) out.push_back(sealer.seal(chunks[i], i + 1 == chunks.size()));
    return out;
  }
  /// How many of them open, one after the other.
  static std::size_t open(const std::vector<std::string>& sealed, std::string_view header = "header", char key = 'k') {
    stream_opener opener(secret(std::string(32, key)), header);
    std::size_t opened = 0;
    for (const auto& chunk : sealed) {
      const auto head =
          stream_opener::read_head(std::string_view(chunk).substr(0, std::min<std::size_t>(4, chunk.size())));
      if (!head || !opener.open(*head, std::string_view(chunk).substr(4))) break;
      ++opened;
    }
    return opened;
  }
  const std::vector<std::string> chunks_{"one", "", std::string(stream_chunk_bytes, 'x'), "last"};
};

TEST_F(SealedStream, OpensInItsOrder) {
  const auto sealed = seal(chunks_);
  stream_opener opener(secret(std::string(32, 'k')), "header");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    const auto head = stream_opener::read_head(sealed[i].substr(0, 4)).value();
    EXPECT_EQ(head.last, i + 1 == sealed.size());
    EXPECT_EQ(opener.open(head, sealed[i].substr(4)).value().reveal(), chunks_[i]);
  }
}

TEST_F(SealedStream, EveryFlippedBitEndsIt) {
  const auto sealed = seal({"first", "second", "third"});
  for (std::size_t c = 0; c < sealed.size(); ++c)
    for (std::size_t bit = 0; bit < sealed[c].size() * 8; ++bit) {
      auto altered = sealed;
      altered[c][bit / 8] = static_cast<char>(altered[c][bit / 8] ^ (1 << (bit % 8)));
      ASSERT_EQ(open(altered), c) << "bit " << bit << " of chunk " << c;
    }
}

TEST_F(SealedStream, ChunksCannotBeMovedRepeatedLeftOutOrAdded) {
  const auto sealed = seal({"first", "second", "third"});
  EXPECT_EQ(open({sealed[1], sealed[0], sealed[2]}), 0u);
  EXPECT_EQ(open({sealed[0], sealed[0], sealed[2]}), 1u);
  EXPECT_EQ(open({sealed[0], sealed[2]}), 1u);
  EXPECT_EQ(open({sealed[0], sealed[1], sealed[2], sealed[2]}), 3u);
}

TEST_F(SealedStream, AnotherKeyOrHeaderOpensNothing) {
  const auto sealed = seal(chunks_);
  EXPECT_EQ(open(sealed), chunks_.size());
  EXPECT_EQ(open(sealed, "another"), 0u);
  EXPECT_EQ(open(sealed, "header", 'l'), 0u);
}

TEST_F(SealedStream, LengthsThatCannotBeAreRefused) {
  EXPECT_FALSE(stream_opener::read_head(""));
  EXPECT_FALSE(stream_opener::read_head(std::string(3, '\0')));
  EXPECT_FALSE(stream_opener::read_head(std::string("\0\0\0\x0f", 4)));
  EXPECT_FALSE(stream_opener::read_head(std::string("\x7f\xff\xff\xff", 4)));
}

TEST_F(SealedStream, NothingIsSealedAfterTheLastChunk) {
  stream_sealer sealer(secret(std::string(32, 'k')), "header");
  sealer.seal("x", true);
  EXPECT_THROW(sealer.seal("y", false), std::logic_error);
}

}  // namespace
}  // namespace drover::crypto

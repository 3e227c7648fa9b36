#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exchanges/paper/frame_sender.hpp"
#include "exchanges/paper/listener_list.hpp"

namespace drover::exchanges::paper {

/// A session that gets the frames of topics.
class topic_listener {
 public:
  /// May be cut off by it, and then leaves the board.
  virtual void send(shared_text frame) = 0;

 protected:
  ~topic_listener() = default;
};

/// One public stream and who listens. A frame is composed once, and only when somebody listens.
class topic {
 public:
  explicit topic(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }
  bool has_listeners() const { return !listeners_.empty(); }

  /// `render` gives the frame: std::string, text or (MEXC) protobuf bytes.
  template <class Render>
  void publish(Render render) {
    if (has_listeners()) send(std::make_shared<const std::string>(render()));
  }
  void send(const shared_text& frame) {
    listeners_.each([&](topic_listener& l) { l.send(frame); });
  }

 private:
  friend class topic_subscriptions;
  std::string name_;
  listener_list<topic_listener> listeners_;
};

/// All public streams of a dialect by name; the name is whatever the dialect likes ("orderbook.50.BTCUSDT"). A topic stays
/// where it is once made, so that publishers may keep a reference. One thread.
class topic_board {
 public:
  /// Topics are made by the dialect, or for subscribers after it has checked the name; past this many subscribing fails.
  static constexpr std::size_t topic_limit = 100'000;

  /// Makes the topic when there is none.
  topic& at(std::string_view name);
  /// nullptr when nobody has asked for it yet: then there is nothing to publish.
  topic* find(std::string_view name);
  template <class Render>
  void publish(std::string_view name, Render render) {
    if (auto* t = find(name)) t->publish(std::move(render));
  }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view t) const { return std::hash<std::string_view>{}(t); }
  };
  std::unordered_map<std::string, std::unique_ptr<topic>, text_hash, std::equal_to<>> topics_;
  friend class topic_subscriptions;
};

/// The topics of one session; leaves them all when it ends. A member of the session.
class topic_subscriptions {
 public:
  explicit topic_subscriptions(topic_listener& owner, std::size_t limit = 1'024) : owner_(owner), limit_(limit) {}
  ~topic_subscriptions() { clear(); }
  topic_subscriptions(const topic_subscriptions&) = delete;
  topic_subscriptions& operator=(const topic_subscriptions&) = delete;

  /// False past the limit. True, without doing anything, when the session listens already.
  bool add(topic_board&, std::string_view name);
  /// False when the session did not listen.
  bool remove(std::string_view name);
  bool has(std::string_view name) const;
  void clear();
  std::size_t size() const { return topics_.size(); }
  /// In the order of subscribing.
  std::vector<std::string> names() const;

 private:
  topic_listener& owner_;
  std::size_t limit_;
  std::vector<topic*> topics_;
};

}  // namespace drover::exchanges::paper

#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <vector>

#include "exchanges/paper/matching_types.hpp"

namespace drover::exchanges::paper {

/// Pointers to call one after the other, where a call may make listeners leave (a session that is cut off by what it is
/// sent leaves all its lists at once) or join (they hear the next call). Whoever is destroyed must have left. One thread.
template <class Listener>
class listener_list {
 public:
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }

  void add(Listener* l) {
    listeners_.push_back(l);
    ++count_;
  }
  void remove(Listener* l) {
    auto it = std::ranges::find(listeners_, l);
    if (it == listeners_.end()) return;
    --count_;
    if (calling_ > 0) {
      *it = nullptr;
      return;
    }
    *it = listeners_.back();
    listeners_.pop_back();
  }

  template <class Call>
  void each(Call call) {
    ++calling_;
    const auto present = listeners_.size();
    for (std::size_t i = 0; i < present; ++i)
      if (listeners_[i] != nullptr) call(*listeners_[i]);
    if (--calling_ == 0 && count_ != listeners_.size()) std::erase(listeners_, nullptr);
  }

 private:
  /// nullptr: left during a call.
  std::vector<Listener*> listeners_;
  std::size_t count_ = 0;
  int calling_ = 0;
};

/// Who listens to which account's private events. One thread.
template <class Listener>
class account_listeners {
 public:
  void add(account_number n, Listener* l) {
    if (lists_.size() <= to_index(n)) lists_.resize(to_index(n) + 1);
    lists_[to_index(n)].add(l);
  }
  void remove(account_number n, Listener* l) {
    if (to_index(n) < lists_.size()) lists_[to_index(n)].remove(l);
  }
  bool has(account_number n) const { return to_index(n) < lists_.size() && !lists_[to_index(n)].empty(); }
  template <class Call>
  void each(account_number n, Call call) {
    if (has(n)) lists_[to_index(n)].each(call);
  }

 private:
  /// By account number; a deque keeps a list in place while another account's first listener joins during a call.
  std::deque<listener_list<Listener>> lists_;
};

}  // namespace drover::exchanges::paper

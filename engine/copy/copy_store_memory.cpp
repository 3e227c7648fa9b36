#include <algorithm>
#include <map>
#include <set>

#include "engine/copy/copy_rules.hpp"
#include "engine/copy/copy_store.hpp"
#include "engine/strategies/signal_following.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;

constexpr std::size_t page_limit = 200;

struct stored_invitation {
  engine::invitation invitation;
  std::string code_hash;
};
struct stored_signal {
  room_signal signal;
  bot_id lead_bot;
};

class memory_store final : public memory_copy_store {
public:
  memory_store(const clock& time, memory_copy_world world) : clock_(time), world_(std::move(world)) {}

  task<result<room>> create_room(new_room fresh, int limit) override {
    if (world_.owner_of(fresh.account) != fresh.lead) co_return no_such_account();
    const auto open =
        std::ranges::count_if(rooms_, [&](const auto& r) { return is_open(r.second) && r.second.lead == fresh.lead; });
    if (open >= limit) co_return too_many_rooms(limit);
    const auto follows = [&](const auto& m) { return is_joined(m.second) && m.second.account == fresh.account; };
    if (std::ranges::any_of(members_, follows)) co_return account_follows();
    const room_id id(static_cast<std::int64_t>(rooms_.size()) + 1);
    room made{.id = id,
              .lead = fresh.lead,
              .account = fresh.account,
              .name = std::move(fresh.name),
              .symbols = std::move(fresh.symbols),
              .reason = {},
              .max_followers = fresh.max_followers,
              .max_ratio = fresh.max_ratio,
              .max_order_notional = fresh.max_order_notional,
              .created_at = now(),
              .updated_at = now(),
              .closed_at = {}};
    rooms_[id] = made;
    co_return made;
  }

  task<result<room>> update_room(user_id lead, room_id id, room_patch patch) override {
    auto* r = find_led(lead, id);
    if (r == nullptr) co_return fail(tenant_errc::not_found);
    if (patch.name) r->name = std::move(*patch.name);
    if (patch.max_followers) r->max_followers = *patch.max_followers;
    if (patch.max_ratio) r->max_ratio = *patch.max_ratio;
    if (patch.max_order_notional) r->max_order_notional = *patch.max_order_notional;
    r->updated_at = now();
    co_return *r;
  }

  task<result<room>> close_room(user_id lead, room_id id, std::string reason) override {
    auto* r = find_led(lead, id);
    if (r == nullptr) co_return fail(tenant_errc::not_found);
    if (is_open(*r)) co_await close(id, reason);
    co_return rooms_.at(id);
  }

  task<result<room_view>> get_room(user_id user, room_id id) override {
    auto role = role_in(user, id);
    if (!role) co_return fail(tenant_errc::not_found);
    co_return view(rooms_.at(id), *role);
  }

  task<result<std::vector<room_view>>> list_rooms(user_id user, room_page page) override {
    std::vector<room_view> found;
    const auto limit = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(page.limit, 1)), 1, page_limit);
    for (auto at = rooms_.upper_bound(room_id(page.after_id)); at != rooms_.end() && found.size() < limit; ++at) {
      auto role = role_in(user, at->first);
      if (role && (!page.role || page.role == role)) found.push_back(view(at->second, *role));
    }
    co_return found;
  }

  task<result<invitation>> invite(user_id lead, new_invitation fresh, int limit) override {
    auto* r = find_led(lead, fresh.room);
    if (r == nullptr) co_return fail(tenant_errc::not_found);
    if (!is_open(*r)) co_return room_closed(*r);
    const auto open = [&](const auto& i) {
      return i.second.invitation.room == fresh.room && i.second.invitation.is_open(now());
    };
    if (std::ranges::count_if(invitations_, open) >= limit) co_return too_many_invitations(limit);
    invitation made{.id = invitation_id(static_cast<std::int64_t>(invitations_.size()) + 1),
                    .room = fresh.room,
                    .username = std::move(fresh.username),
                    .uses_limit = fresh.uses_limit,
                    .while_connected = fresh.while_connected,
                    .created_at = now(),
                    .expires_at = fresh.expires_at};
    invitations_[made.id] = {made, std::move(fresh.code_hash)};
    co_return made;
  }

  task<result<std::vector<invitation>>> list_invitations(user_id lead, room_id id) override {
    if (find_led(lead, id) == nullptr) co_return fail(tenant_errc::not_found);
    std::vector<invitation> found;
    for (const auto& [key, stored] : invitations_)
      if (stored.invitation.room == id) found.insert(found.begin(), stored.invitation);
    co_return found;
  }

  task<result<void>> revoke_invitation(user_id lead, room_id id, invitation_id which) override {
    auto at = invitations_.find(which);
    if (find_led(lead, id) == nullptr || at == invitations_.end() || at->second.invitation.room != id)
      co_return fail(tenant_errc::not_found);
    at->second.invitation.revoked = true;
    co_return result<void>();
  }

  task<result<std::vector<user_id>>> load_waiting_leads() override {
    std::vector<user_id> leads;
    for (const auto& [key, stored] : invitations_)
      if (stored.invitation.while_connected && stored.invitation.is_open(now()))
        leads.push_back(rooms_.at(stored.invitation.room).lead);
    std::ranges::sort(leads);
    leads.erase(std::ranges::unique(leads).begin(), leads.end());
    co_return leads;
  }

  task<result<void>> extend_invitations(std::vector<user_id> leads, wall_time until) override {
    for (auto& [key, stored] : invitations_) {
      auto& i = stored.invitation;
      const bool led = std::ranges::find(leads, rooms_.at(i.room).lead) != leads.end();
      if (led && i.while_connected && i.is_open(now())) i.expires_at = std::max(i.expires_at, until);
    }
    co_return result<void>();
  }

  task<result<room>> look_in(user_id user, entrance by) override {
    const auto* i = find_invitation(user, by);
    if (i == nullptr) co_return no_invitation();
    if (!i->is_open(now())) co_return invitation_over();
    co_return rooms_.at(i->room);
  }

  task<result<member>> join(join_request wanted, int bots_limit) override {
    auto* i = find_invitation(wanted.user, wanted.by);
    if (i == nullptr) co_return no_invitation();
    if (!i->is_open(now())) co_return invitation_over();
    const room into = rooms_.at(i->room);
    auto allowed = check_entry(into, wanted.bot);
    if (!allowed) co_return std::unexpected(allowed.error());
    new_bot fresh = wanted.bot;
    auto bot = co_await world_.bots->create(std::move(fresh), bots_limit);
    if (!bot) co_return std::unexpected(bot.error());
    ++i->uses;
    member made{.id = member_id(static_cast<std::int64_t>(members_.size()) + 1),
                .room = into.id,
                .user = wanted.user,
                .name = world_.username(wanted.user),
                .account = wanted.bot.account,
                .bot = bot->id,
                .symbol = wanted.bot.symbol,
                .reason = {},
                .joined_at = now(),
                .ended_at = {},
                .drift = {}};
    members_[made.id] = made;
    co_return made;
  }

  task<result<std::vector<member>>> leave(user_id user, room_id id, std::optional<member_id> which) override {
    auto mine = [&](const member& m) { return m.user == user && m.room == id && (!which || m.id == *which); };
    auto left = co_await end_members(std::move(mine), member_state::left, std::string(follower_left));
    if (left.empty()) co_return fail(tenant_errc::not_found);
    co_return left;
  }

  task<result<member>> remove_member(user_id lead, room_id id, member_id which) override {
    if (find_led(lead, id) == nullptr) co_return fail(tenant_errc::not_found);
    auto meant = [&](const member& m) { return m.room == id && m.id == which; };
    auto removed = co_await end_members(std::move(meant), member_state::removed, std::string(follower_removed));
    if (removed.empty()) co_return fail(tenant_errc::not_found);
    co_return removed.front();
  }

  task<result<std::vector<member>>> list_members(user_id user, room_id id, std::int64_t after_id, int limit) override {
    const auto role = role_in(user, id);
    if (!role) co_return fail(tenant_errc::not_found);
    std::vector<member> found;
    for (auto at = members_.upper_bound(member_id(after_id));
         at != members_.end() && std::cmp_less(found.size(), limit); ++at) {
      if (at->second.room != id || (role != room_role::lead && at->second.user != user)) continue;
      found.push_back(at->second);
      found.back().drift = find_drift(world_.saved_state(at->second.bot));
    }
    co_return found;
  }

  task<result<int>> end_orphans() override {
    int ended = 0;
    for (auto& [id, r] : rooms_) {
      if (!is_open(r) || world_.is_alive(r.lead, r.account)) continue;
      const bool banned = world_.owner_of(r.account).has_value();
      co_await close(id, std::string(banned ? lead_banned : lead_account_deleted));
      ++ended;
    }
    for (auto& [id, m] : members_) {
      if (!is_joined(m)) continue;
      auto bot = co_await world_.bots->get(m.user, m.bot);
      std::string reason;
      if (!bot) reason = follower_bot_deleted;
      if (!world_.is_alive(m.user, m.account))
        reason = world_.owner_of(m.account) ? follower_banned : follower_account_deleted;
      if (reason.empty()) continue;
      co_await end(m, member_state::ended, reason);
      ++ended;
    }
    co_return ended;
  }

  task<result<std::vector<room_signal>>> list_signals(user_id user, room_id id, feed_page page) override {
    const auto role = role_in(user, id);
    if (!role) co_return fail(tenant_errc::not_found);
    std::vector<room_signal> found;
    for (auto at = signals_.rbegin(); at != signals_.rend() && std::cmp_less(found.size(), page.limit); ++at) {
      const auto& s = at->second.signal;
      if (s.key.room != id || !is_on(page, s.key)) continue;
      const auto mine = [&](const auto& m) { return m.second.user == user && was_active(m.second, s); };
      if (role == room_role::lead || std::ranges::any_of(members_, mine)) found.push_back(s);
    }
    co_return found;
  }

  task<result<std::vector<receipt_view>>> list_receipts(user_id user, room_id id, feed_page page) override {
    const auto role = role_in(user, id);
    if (!role) co_return fail(tenant_errc::not_found);
    std::vector<receipt_view> found;
    for (auto at = signals_.rbegin(); at != signals_.rend(); ++at) {
      const auto& s = at->second.signal;
      if (s.key.room != id || (page.of_fill != 0 && s.key.fill.value != page.of_fill)) continue;
      for (auto r = receipts_.lower_bound({s.key, {}}); r != receipts_.end() && r->first.first == s.key; ++r) {
        const bool same_page = page.before_fill == s.key.fill.value && r->second.account > page.after_account;
        if (page.before_fill != 0 && s.key.fill.value >= page.before_fill && !same_page) continue;
        const auto& m = members_.at(r->second.member);
        if (role != room_role::lead && m.user != user) continue;
        if (std::cmp_greater_equal(found.size(), page.limit)) co_return found;
        receipt_view shown;
        shown.receipt = r->second;
        shown.name = m.name;
        shown.symbol = s.symbol;
        shown.side = s.side;
        shown.signal_price = s.price;
        found.push_back(std::move(shown));
      }
    }
    co_return found;
  }

  task<result<std::vector<room_route>>> load_routes(std::optional<room_id> only) override {
    std::vector<room_route> routes;
    for (const auto& [id, r] : rooms_) {
      if (!is_open(r) || (only && *only != id)) continue;
      std::map<std::string, std::vector<follower>> markets;
      for (const auto& [key, m] : members_) {
        if (m.room != id || !is_joined(m)) continue;
        auto described = co_await describe(m);
        markets[m.symbol].push_back(described);
      }
      auto& route = routes.emplace_back(room_route{id, r.account, {}});
      for (auto& [symbol, followers] : markets) route.markets.push_back({symbol, std::move(followers)});
    }
    co_return routes;
  }

  task<result<std::vector<unfinished_signal>>> load_unfinished(milliseconds age, int limit) override {
    std::vector<unfinished_signal> found;
    int rows = 0;
    const auto open = open_;
    for (const auto& key : open) {
      auto& stored = signals_.at(key);
      if (now() - stored.signal.created_at < age) continue;
      unfinished_signal entry{stored.signal, stored.lead_bot, {}};
      for (const auto& [id, m] : members_) {
        if (!was_active(m, stored.signal) || receipts_.contains({key, m.account}) || rows >= limit) continue;
        auto described = co_await describe(m);
        missing_receipt missing{described, is_joined(m), {}, {}};
        if (auto order = world_.find_order(m.bot, "signal:" + to_signal_id(key)))
          std::tie(missing.order, missing.quantity) = *order;
        entry.missing.push_back(missing);
        ++rows;
      }
      if (entry.missing.empty() && rows < limit) complete(key);
      if (!entry.missing.empty()) found.push_back(std::move(entry));
    }
    co_return found;
  }

  task<result<void>> record(std::vector<receipt> receipts, std::vector<signal_key> finished) override {
    for (auto& r : receipts)
      if (signals_.contains(r.key)) receipts_.try_emplace({r.key, r.account}, std::move(r));
    for (const auto& key : finished) {
      if (!open_.contains(key)) continue;
      const auto& signal = signals_.at(key).signal;
      const auto lacks = [&](const auto& m) {
        return was_active(m.second, signal) && !receipts_.contains({key, m.second.account});
      };
      if (std::ranges::none_of(members_, lacks)) complete(key);
    }
    co_return result<void>();
  }

  void book(account_id account, bot_id lead_bot, fill_id fill, const exchanges::fill& f) override {
    for (const auto& [id, r] : rooms_) {
      if (!is_open(r) || r.account != account || !r.covers(f.symbol)) continue;
      const signal_key key{id, fill};
      const stored_signal made{{key, f.symbol, f.side, f.price, f.quantity, f.at, now(), false}, lead_bot};
      if (signals_.try_emplace(key, made).second) open_.insert(key);
    }
  }

  std::optional<room_signal> find_signal(signal_key key) const override {
    const auto at = signals_.find(key);
    if (at == signals_.end()) return std::nullopt;
    return at->second.signal;
  }

private:
  using filter = std::function<bool(const member&)>;

  wall_time now() const { return clock_.wall_now(); }
  void complete(const signal_key& key) {
    signals_.at(key).signal.completed = true;
    open_.erase(key);
  }
  static bool is_open(const room& r) { return r.state == room_state::open; }
  static bool is_joined(const member& m) { return m.state == member_state::joined; }
  static bool is_on(const feed_page& page, const signal_key& key) {
    return (page.before_fill == 0 || key.fill.value < page.before_fill) &&
           (page.of_fill == 0 || key.fill.value == page.of_fill);
  }
  static bool was_active(const member& m, const room_signal& s) {
    return m.room == s.key.room && m.symbol == s.symbol && m.joined_at <= s.created_at &&
           (!m.ended_at || *m.ended_at > s.created_at);
  }

  room* find_led(user_id lead, room_id id) {
    auto at = rooms_.find(id);
    return at == rooms_.end() || at->second.lead != lead ? nullptr : &at->second;
  }

  invitation* find_invitation(user_id user, const entrance& by) {
    invitation* found = nullptr;
    for (auto& [id, stored] : invitations_) {
      auto& i = stored.invitation;
      const bool by_code = !by.code_hash.empty() && stored.code_hash == by.code_hash;
      const bool by_name =
          by.code_hash.empty() && i.room == by.room && i.username == world_.username(user) && !i.username.empty();
      if ((by_code || by_name) && (found == nullptr || i.is_open(now()))) found = &i;
    }
    return found;
  }

  std::optional<room_role> role_in(user_id user, room_id id) {
    auto at = rooms_.find(id);
    if (at == rooms_.end()) return std::nullopt;
    if (at->second.lead == user) return room_role::lead;
    std::optional<room_role> role;
    for (const auto& [key, m] : members_) {
      if (m.user != user || m.room != id) continue;
      if (is_joined(m)) return room_role::member;
      role = room_role::former;
    }
    if (role) return role;
    const auto* i = find_invitation(user, {{}, id});
    return i != nullptr && i->is_open(now()) ? std::optional(room_role::invited) : std::nullopt;
  }

  int count_followers(room_id id) const {
    return static_cast<int>(
        std::ranges::count_if(members_, [&](const auto& m) { return m.second.room == id && is_joined(m.second); }));
  }
  room_view view(const room& r, room_role role) const {
    return {r, role, world_.username(r.lead), count_followers(r.id)};
  }

  result<void> check_entry(const room& wanted, const new_bot& bot) const {
    if (!is_open(wanted)) return room_closed(wanted);
    if (world_.owner_of(bot.account) != bot.user) return no_such_account();
    if (std::ranges::any_of(rooms_,
                            [&](const auto& r) { return is_open(r.second) && r.second.account == bot.account; }))
      return account_leads();
    const auto same = [&](const auto& m) {
      return is_joined(m.second) && m.second.room == wanted.id && m.second.account == bot.account &&
             m.second.symbol == bot.symbol;
    };
    if (std::ranges::any_of(members_, same)) return already_member(bot.symbol);
    if (count_followers(wanted.id) >= wanted.max_followers) return room_full(wanted);
    return {};
  }

  task<follower> describe(member m) {
    follower out{.member = m.id, .user = m.user, .account = m.account, .bot = m.bot};
    auto bot = co_await world_.bots->get(m.user, m.bot);
    if (!bot) co_return out;
    auto parameters = parse_signal_following_parameters(bot->parameters);
    if (!parameters) co_return out;
    out.max_age = parameters->max_age;
    out.needs_worth = parameters->sizing == signal_sizing::equity;
    co_return out;
  }

  task<void> end(member& m, member_state state, std::string reason) {
    m.state = state;
    m.reason = std::move(reason);
    m.ended_at = now();
    // The bot may be gone already.
    co_await world_.bots->set_desired(m.user, m.bot, desired_state::stopped);
  }

  task<std::vector<member>> end_members(filter meant, member_state state, std::string reason) {
    std::vector<member> ended;
    for (auto& [id, m] : members_) {
      if (!is_joined(m) || !meant(m)) continue;
      co_await end(m, state, reason);
      ended.push_back(m);
    }
    co_return ended;
  }

  task<void> close(room_id id, std::string reason) {
    auto& r = rooms_.at(id);
    r.state = room_state::closed;
    r.reason = reason;
    r.closed_at = r.updated_at = now();
    for (auto& [key, stored] : invitations_)
      if (stored.invitation.room == id) stored.invitation.revoked = true;
    auto inside = [id](const member& m) { return m.room == id; };
    co_await end_members(std::move(inside), member_state::ended, std::move(reason));
  }

  const clock& clock_;
  memory_copy_world world_;
  std::map<room_id, room> rooms_;
  std::map<invitation_id, stored_invitation> invitations_;
  std::map<member_id, member> members_;
  std::map<signal_key, stored_signal> signals_;
  /// Not complete yet.
  std::set<signal_key> open_;
  std::map<std::pair<signal_key, account_id>, receipt> receipts_;
};

}  // namespace

std::unique_ptr<memory_copy_store> make_memory_copy_store(const clock& time, memory_copy_world world) {
  return std::make_unique<memory_store>(time, std::move(world));
}

}  // namespace drover::engine

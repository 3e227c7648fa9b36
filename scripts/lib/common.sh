# Shared by scripts/run, scripts/test and scripts/bench. Sourced, not run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# One compiler cache for all checkouts and build folders.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Installs what packages.txt names and the machine lacks. A name with '?' is a command that may come from elsewhere.
install_packages() {
  local missing=() name
  while read -r name; do
    case "$name" in
      ''|'#'*) ;;
      *'?') command -v "${name%\?}" >/dev/null || [ "${name%\?}" = nodejs ] && command -v node >/dev/null || missing+=("${name%\?}") ;;
      *) dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name") ;;
    esac
  done < "$root/scripts/lib/packages.txt"
  [ "${#missing[@]}" = 0 ] && return
  say "installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  # The package's own cluster would start on a TCP port; Drover makes a private one.
  "${as_root[@]}" mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    printf 'create_main_cluster = false\n' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build PRESET TARGET…
build() {
  local preset=$1
  shift
  [ -f "$root/build/$preset/build.ninja" ] || (cd "$root" && cmake --preset "$preset" >/dev/null)
  ninja -C "$root/build/$preset" "$@"
}

# Builds the page when a source is newer than the last build.
build_page() {
  local ui="$root/web/ui" stamp="$root/web/ui/dist/.built"
  if [ -f "$stamp" ] && [ -z "$(find "$ui" -path "$ui/node_modules" -prune -o -path "$ui/dist" -prune -o -newer "$stamp" -type f -print -quit)" ]; then
    return
  fi
  say "building the page"
  (cd "$ui" && { [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error; } && npm run --silent build)
  touch "$stamp"
}

postgres_bin() { ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1; }

# as_postgres_user FOLDER COMMAND…: PostgreSQL refuses to run as root. As root it becomes the user `postgres`; below a
# folder which that user cannot enter, it stays the owner of its files inside a user namespace of its own.
as_postgres_user() {
  local folder=$1
  shift
  if [ "$(id -u)" != 0 ]; then
    "$@"
  elif setpriv --reuid=postgres --regid=postgres --init-groups test -x "$(dirname "$folder")" 2>/dev/null; then
    setpriv --reuid=postgres --regid=postgres --init-groups "$@"
  else
    unshare --user --map-user=65534 --map-group=65534 "$@"
  fi
}

# postgres_start FOLDER: a private cluster in FOLDER (made when missing), Unix socket only; prints the socket's folder.
# Who may connect is decided by the socket's folder, which only its owner and root can enter.
postgres_start() {
  local folder=$1 bin socket
  bin=$(postgres_bin)
  if [ "${#folder}" -lt 80 ]; then socket="$folder/socket"; else socket="${XDG_RUNTIME_DIR:-/tmp}/drover-$(printf '%s' "$folder" | cksum | cut -d' ' -f1)"; fi
  mkdir -p "$folder" "$socket"
  chmod 0700 "$folder" "$socket"
  if [ "$(id -u)" = 0 ] && setpriv --reuid=postgres --regid=postgres --init-groups test -x "$(dirname "$folder")" 2>/dev/null; then
    chown postgres:postgres "$folder" "$socket"
  fi
  cd "$folder"
  if [ ! -f "$folder/data/PG_VERSION" ]; then
    as_postgres_user "$folder" "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$folder.initdb.log" 2>&1 ||
      { cat "$folder.initdb.log" >&2; die "initdb failed"; }
    as_postgres_user "$folder" sh -c "cat >> '$folder/data/postgresql.conf'" <<CONF
listen_addresses = ''
unix_socket_directories = '$socket'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
log_min_messages = warning
CONF
  fi
  if ! as_postgres_user "$folder" "$bin/pg_ctl" -D "$folder/data" status >/dev/null 2>&1; then
    as_postgres_user "$folder" "$bin/pg_ctl" -D "$folder/data" -s -w -t 30 -l "$folder/server.log" start >/dev/null ||
      { tail -5 "$folder/server.log" >&2; die "PostgreSQL did not start; see $folder/server.log"; }
  fi
  cd "$root"
  printf '%s' "$socket"
}

postgres_stop() {
  local folder=$1
  [ -f "$folder/data/postmaster.pid" ] || return 0
  (cd "$folder" && as_postgres_user "$folder" "$(postgres_bin)/pg_ctl" -D "$folder/data" -s -m fast -w -t 30 stop) || true
}

# stop_pid PID SECONDS: asks a process to end, then makes it.
stop_pid() {
  local pid=$1 limit=$2
  kill -TERM "$pid" 2>/dev/null || return 0
  for _ in $(seq $((limit * 10))); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
}

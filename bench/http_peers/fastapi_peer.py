"""GET /user/exchanges/ as FastAPI does it: the same token check, the same statement, the same members. Prints its port when it
listens, and ends with its standard input.

    fastapi_peer.py HOST_OF_POSTGRES DATABASE KEY
"""
import base64
import hashlib
import hmac
import os
import socket
import sys
import threading
import time

import asyncpg
import uvicorn
from fastapi import FastAPI, Header, Response
from pydantic import BaseModel

host, database, key = sys.argv[1], sys.argv[2], sys.argv[3].encode()
app = FastAPI()
pool = None


class Account(BaseModel):
    id: int
    user_id: int
    exchange_name: str
    label: str
    status: str
    is_active: bool
    error_message: str | None
    created_at: str
    updated_at: str
    api_key: str
    credential_version: int
    region: str


def user_of(header):
    try:
        user, at, signature = base64.urlsafe_b64decode(header.removeprefix("Bearer ") + "==").decode().split(":")
        given = base64.urlsafe_b64decode(signature + "==")
    except ValueError:
        return None
    right = hmac.new(key, f"{user}:{at}".encode(), hashlib.sha256).digest()
    return int(user) if hmac.compare_digest(given, right) and int(at) + 3600 > time.time() else None


@app.on_event("startup")
async def connect():
    global pool
    # As many as the engine's pool.
    pool = await asyncpg.create_pool(host=host, database=database, user="postgres", min_size=8, max_size=8)


@app.get("/user/exchanges/", response_model=list[Account])
async def list_accounts(authorization: str = Header("")):
    user = user_of(authorization)
    if user is None:
        return Response(status_code=401)
    rows = await pool.fetch(
        "SELECT id, user_id, exchange_name, label, status, is_active, api_key_mask AS api_key, error_message, credential_version, "
        "created_at, updated_at, region FROM user_exchanges "
        "WHERE user_id = $1 AND id > $2 AND deleted_at IS NULL ORDER BY id LIMIT $3", user, 0, 200)
    return [{**row, "created_at": row["created_at"].isoformat(), "updated_at": row["updated_at"].isoformat()} for row in rows]


listener = socket.create_server(("127.0.0.1", 0))


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])

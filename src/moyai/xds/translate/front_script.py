"""What a front proxy does with requests that no other filter of Envoy can do, as a script of its Lua filter.

- The header X-Amzn-Trace-Id: a new root, or a field ``Self`` before a client's. The time and the random part come from
  a header that the connection manager has set before, and that is removed here.
- The parts of a request that a redirect is made of, as dynamic metadata.
- A session cookie that follows an application's cookie: it is taken out of responses where neither the application's
  cookie is set nor the client has a session.

What a route needs is in its metadata.
Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html,
https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_filters/lua_filter
"""

from __future__ import annotations

from typing import Final

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from moyai.xds.translate.proto import to_any

SEED_HEADER: Final = "x-moyai-trace-seed"
SEED: Final = "%START_TIME(%s)% %UNIQUE_ID%"
PARTS: Final = "moyai.request"
"""The namespace of the metadata with ``host``, ``path`` and ``query``."""
_FILTER: Final = "envoy.filters.http.lua"
_SCRIPT: Final = """
local function trace_id(seed)
  local time, random = string.match(seed, "^(%d+) (.+)$")
  return string.format("1-%08x-%s", time, string.sub(string.gsub(random, "-", ""), 1, 24))
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local seed, trace = headers:get("SEED_HEADER"), headers:get("x-amzn-trace-id")
  headers:remove("SEED_HEADER")
  if trace == nil or trace == "" then
    headers:replace("x-amzn-trace-id", "Root=" .. trace_id(seed))
  else
    headers:replace("x-amzn-trace-id", "Self=" .. trace_id(seed) .. ";" .. trace)
  end
  local wanted = handle:metadata()
  if wanted:get("redirect") then
    local parts = handle:streamInfo():dynamicMetadata()
    local path, query = string.match(headers:get(":path"), "^/?([^?]*)%??(.*)$")
    parts:set("PARTS", "host", (string.gsub(headers:get(":authority") or "", ":%d+$", "")))
    parts:set("PARTS", "path", path)
    parts:set("PARTS", "query", query)
  elseif wanted:get("session") then
    local cookies = "; " .. (headers:get("cookie") or "")
    local has_session = string.find(cookies, "; *" .. wanted:get("session") .. "=") ~= nil
    handle:streamInfo():dynamicMetadata():set("PARTS", "has_session", has_session)
  end
end

function envoy_on_response(handle)
  local wanted = handle:metadata()
  local session, application = wanted:get("session"), wanted:get("application")
  if session == nil then
    return
  end
  local known = handle:streamInfo():dynamicMetadata():get("PARTS") or {}
  if known["has_session"] then
    return
  end
  local headers, others, follows = handle:headers(), {}, false
  for number = 0, headers:getNumValues("set-cookie") - 1 do
    local cookie = headers:getAtIndex("set-cookie", number)
    follows = follows or string.sub(cookie, 1, #application + 1) == application .. "="
    if string.sub(cookie, 1, #session + 1) ~= session .. "=" then
      table.insert(others, cookie)
    end
  end
  if not follows then
    headers:remove("set-cookie")
    for _, cookie in ipairs(others) do
      headers:add("set-cookie", cookie)
    end
  end
end
""".replace("SEED_HEADER", SEED_HEADER).replace("PARTS", PARTS)


def script_filter() -> http_connection_manager_pb2.HttpFilter:
    """The filter with the script."""
    source = base_pb2.DataSource(inline_string=_SCRIPT)
    return http_connection_manager_pb2.HttpFilter(
        name=_FILTER, typed_config=to_any(lua_pb2.Lua(default_source_code=source))
    )


def ask_script(route: route_components_pb2.Route, **needs: str) -> None:
    """Tell the script what a route needs: ``redirect``, or a ``session`` cookie that follows an ``application``'s."""
    route.metadata.filter_metadata[_FILTER].update(needs)

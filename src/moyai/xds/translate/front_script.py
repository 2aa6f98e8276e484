"""The treatment of requests in a front proxy that no other filter of Envoy offers, as scripts of its Lua filter.

- Of every request, the header X-Amzn-Trace-Id: a new root, or a field ``Self`` before a client's. Its random part comes
  from a generator for each of Envoy's threads, which the address of a table of that thread seeds.
- Of every request to a load balancer that drops headers with invalid names, these headers. What was removed decides
  about the route no more.
- Of routes that ask for it, the parts of a request that a redirect is made of, as dynamic metadata.
- Of routes that ask for it, a session cookie that follows an application's cookie: it is taken out of responses where
  neither the application's cookie is set nor the client has a session.

The second script belongs to the routes that ask for it: it would be a fifth of the work for each other request, and its
interpreters a fifth of the memory of each listener.
Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html,
https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_filters/lua_filter
"""

from __future__ import annotations

from typing import Final

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from moyai.xds.translate.proto import to_any

PARTS: Final = "moyai.request"
"""The namespace of the metadata with ``host``, ``path`` and ``query``, and ``search``: a query with its ``?``."""
DROPPED: Final = "dropped"
"""The field of that metadata in requests of which headers were removed."""
_TRACE_FILTER: Final = "moyai.trace"
_ROUTE_FILTER: Final = "envoy.filters.http.lua"
_TRACE_SCRIPT: Final = """
local random, format, time = math.random, string.format, os.time
math.randomseed(time() + tonumber(string.match(tostring({}), "0x(%x+)"), 16))
local second, prefix = 0, ""

function envoy_on_request(handle)
  local headers = handle:headers()
  --DROP--
  local trace, now = headers:get("x-amzn-trace-id"), time()
  if now ~= second then
    second, prefix = now, format("1-%08x-", now)
  end
  local id = prefix .. format("%012x%012x", random(0, 0xffffffffffff), random(0, 0xffffffffffff))
  if trace == nil or trace == "" then
    headers:replace("x-amzn-trace-id", "Root=" .. id)
  else
    headers:replace("x-amzn-trace-id", "Self=" .. id .. ";" .. trace)
  end
end
"""
_DROP: Final = "--DROP--"
"""The place of ``_DROP_SCRIPT``."""
_DROP_SCRIPT: Final = """
  local invalid = {}
  for name in pairs(headers) do
    if string.find(name, "^:") == nil and string.find(name, "[^%w-]") then
      table.insert(invalid, name)
    end
  end
  if #invalid > 0 then
    for _, name in ipairs(invalid) do
      headers:remove(name)
    end
    handle:streamInfo():dynamicMetadata():set("PARTS", "DROPPED", "yes")
    handle:clearRouteCache()
  end
""".replace("PARTS", PARTS).replace("DROPPED", DROPPED)
_ROUTE_SCRIPT: Final = """
function envoy_on_request(handle)
  local headers, wanted = handle:headers(), handle:filterContext()
  local parts = handle:streamInfo():dynamicMetadata()
  if wanted:get("redirect") then
    local path, query = string.match(headers:get(":path"), "^/?([^?]*)%??(.*)$")
    parts:set("PARTS", "host", (string.gsub(headers:get(":authority") or "", ":%d+$", "")))
    parts:set("PARTS", "path", path)
    parts:set("PARTS", "query", query)
    parts:set("PARTS", "search", query == "" and "" or "?" .. query)
  elseif wanted:get("session") then
    local cookies = "; " .. (headers:get("cookie") or "")
    parts:set("PARTS", "has_session", string.find(cookies, "; *" .. wanted:get("session") .. "=") ~= nil)
  end
end

function envoy_on_response(handle)
  local wanted = handle:filterContext()
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
""".replace("PARTS", PARTS)


def trace_filter() -> http_connection_manager_pb2.HttpFilter:
    """The filter that names each request's trace, for the routes of ``name_traces``."""
    return http_connection_manager_pb2.HttpFilter(name=_TRACE_FILTER, typed_config=to_any(lua_pb2.Lua()), disabled=True)


def name_traces(routes: route_pb2.RouteConfiguration, *, drops_headers: bool) -> None:
    """Name the trace of each request to these routes, and drop its headers with invalid names. A filter's own script
    has interpreters for each address of a listener, and a configuration's routes have them once.
    """
    text = _TRACE_SCRIPT.replace(_DROP, _DROP_SCRIPT.strip() if drops_headers else "")
    script = lua_pb2.LuaPerRoute(source_code=base_pb2.DataSource(inline_string=text))
    routes.typed_per_filter_config[_TRACE_FILTER].CopyFrom(to_any(script))


def route_script_filter() -> http_connection_manager_pb2.HttpFilter:
    """The filter for routes with a script, and that they enable."""
    return http_connection_manager_pb2.HttpFilter(name=_ROUTE_FILTER, typed_config=to_any(lua_pb2.Lua()), disabled=True)


def ask_script(route: route_components_pb2.Route, **needs: str) -> None:
    """Run the script for a route, and tell it what the route needs: ``redirect``, or a ``session`` cookie that follows
    an ``application``'s.
    """
    config = lua_pb2.LuaPerRoute(source_code=base_pb2.DataSource(inline_string=_ROUTE_SCRIPT))
    config.filter_context.update(needs)
    route.typed_per_filter_config[_ROUTE_FILTER].CopyFrom(to_any(config))

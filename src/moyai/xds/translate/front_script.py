"""Scripts of Envoy's Lua filter for the treatment of requests in a front proxy that no other filter offers.

- All requests get the header X-Amzn-Trace-Id: a new root, or a field ``Self`` before a client's value. Each of Envoy's
  threads has its own random generator, which the address of a Lua table seeds.
- Requests to a load balancer that drops headers with invalid names lose these headers. Then the route is selected
  again, without them.
- Routes that need it get the parts of the request from which a redirect is made, as dynamic metadata.
- Routes whose session cookie follows an application's cookie remove it from responses, unless these set the
  application's cookie or the client has a session.

The script for the last two belongs to the routes that need it: it would cost a fifth of the work of each other request,
and its interpreters a fifth of the memory of each listener.
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
"""The field of that metadata in requests from which headers were removed."""
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
    """The filter that sets each request's trace header, for the routes of ``name_traces``."""
    return http_connection_manager_pb2.HttpFilter(name=_TRACE_FILTER, typed_config=to_any(lua_pb2.Lua()), disabled=True)


def name_traces(routes: route_pb2.RouteConfiguration, *, drops_headers: bool) -> None:
    """Make these routes set each request's trace header, and drop headers with invalid names. A script of the filter
    has interpreters for each address of a listener; a script of the route configuration has them once.
    """
    text = _TRACE_SCRIPT.replace(_DROP, _DROP_SCRIPT.strip() if drops_headers else "")
    script = lua_pb2.LuaPerRoute(source_code=base_pb2.DataSource(inline_string=text))
    routes.typed_per_filter_config[_TRACE_FILTER].CopyFrom(to_any(script))


def route_script_filter() -> http_connection_manager_pb2.HttpFilter:
    """The filter for routes with a script, which enable it."""
    return http_connection_manager_pb2.HttpFilter(name=_ROUTE_FILTER, typed_config=to_any(lua_pb2.Lua()), disabled=True)


def ask_script(route: route_components_pb2.Route, **needs: str) -> None:
    """Run the script for a route. ``needs``: its arguments, ``redirect``, or a ``session`` cookie that follows an
    ``application``'s.
    """
    config = lua_pb2.LuaPerRoute(source_code=base_pb2.DataSource(inline_string=_ROUTE_SCRIPT))
    config.filter_context.update(needs)
    route.typed_per_filter_config[_ROUTE_FILTER].CopyFrom(to_any(config))

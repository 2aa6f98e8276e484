"""The application around moto: whole bodies, one request at a time, failures as responses."""

from __future__ import annotations

import io
import threading

import pytest

from moyai.delegate.application import FAILURE, NETWORKS, SERVICE, Application


def ask(application, path="/", body=b"", service="s3", **environ):
    heads = []
    request = {"PATH_INFO": path, SERVICE: service, "wsgi.input": io.BytesIO(body)} | environ
    content = b"".join(application(request, lambda status, headers: heads.append((status, dict(headers)))))
    return (*heads[0], content)


def no_networks(body):
    raise AssertionError(f"no client's request is about networks: {body!r}")


def echo(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("length", environ.get("CONTENT_LENGTH", ""))])
    return [body]


@pytest.mark.parametrize(
    ("environ", "length"),
    [({"CONTENT_LENGTH": "5"}, "5"), ({"HTTP_TRANSFER_ENCODING": "chunked"}, "5")],
    ids=["a length", "chunks"],
)
def test_a_body_is_read_before_it_is_processed(environ, length):
    assert ask(Application(echo, no_networks), body=b"hello", **environ) == ("200 OK", {"length": length}, b"hello")


def test_a_body_that_was_cut_off_is_not_processed():
    requests = []

    def note(environ, start_response):
        requests.append(environ)
        return echo(environ, start_response)

    status, headers, _ = ask(Application(note, no_networks), body=b"hel", CONTENT_LENGTH="5")
    assert (status, headers[FAILURE], requests) == ("500 Internal Server Error", "1", [])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotImplementedError("no such action"), "501 Not Implemented"),
        (ImportError("no such module"), "501 Not Implemented"),
        (ValueError("no such thing"), "500 Internal Server Error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_exception_is_a_response_with_its_reason(error, status):
    def fail(_environ, _start_response):
        raise error

    answer = ask(Application(fail, no_networks))
    assert (answer[0], answer[1][FAILURE]) == (status, "1")
    assert str(error) in answer[2].decode()


@pytest.mark.parametrize("path", ["/moto-api/reset", "//moto-api/reset", "/latest/meta-data/"])
def test_pages_of_moto_itself_are_not_there(path):
    status, headers, _ = ask(Application(echo, no_networks), path)
    assert (status, headers[FAILURE]) == ("501 Not Implemented", "1")


@pytest.mark.parametrize(("service", "together"), [("s3", False), ("sqs", True)])
def test_a_service_processes_one_request_at_a_time_unless_receivers_wait(service, together):
    both = threading.Barrier(2)

    def meet(environ, start_response):
        try:
            both.wait(timeout=60 if together else 0.2)
            met.append(True)
        except threading.BrokenBarrierError:
            met.append(False)
        return echo(environ, start_response)

    met: list[bool] = []
    application = Application(meet, no_networks)
    threads = [threading.Thread(target=ask, args=(application,), kwargs={"service": service}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [together, together]


@pytest.mark.parametrize("service", ["autoscaling", "lambda"])
def test_networks_are_replaced_while_a_request_is_under_way(service):
    replaced: list[bool] = []

    def replace_meanwhile(environ, start_response):
        networks = threading.Thread(target=ask, args=(application,), kwargs={NETWORKS: "1"}, daemon=True)
        networks.start()
        networks.join(timeout=60)
        replaced.append(not networks.is_alive())
        return echo(environ, start_response)

    application = Application(replace_meanwhile, lambda _body: None)
    assert ask(application, service=service)[0] == "200 OK"
    assert replaced == [True]


@pytest.mark.parametrize(
    ("service", "method", "content", "code"),
    [
        ("s3", "GET", b"", b"<Code>AccessDenied</Code>"),
        ("s3", "GET", b"<Code>Other</Code>", b"<Code>Other</Code>"),
        ("s3", "HEAD", b"", b""),
        ("sqs", "GET", b"", b""),
    ],
)
def test_a_denial_of_s3_has_a_code(service, method, content, code):
    def deny(_environ, start_response):
        start_response("403 FORBIDDEN", [("Content-Length", str(len(content)))])
        return [content]

    status, headers, body = ask(Application(deny, no_networks), service=service, REQUEST_METHOD=method)
    assert (status, headers["Content-Length"]) == ("403 FORBIDDEN", str(len(body)))
    assert code in body
    assert bool(code) is bool(body)


def test_a_service_is_prepared_once_before_its_first_request():
    prepared = []
    application = Application(echo, no_networks, {"rds": lambda: prepared.append("rds")})
    ask(application)
    assert prepared == []
    for _ in range(2):
        assert ask(application, service="rds")[0] == "200 OK"
    assert prepared == ["rds"]


def test_a_preparation_that_failed_is_made_again_before_the_next_request():
    errors = [ImportError("not yet")]
    prepared = []

    def prepare():
        if errors:
            raise errors.pop()
        prepared.append("rds")

    application = Application(echo, no_networks, {"rds": prepare})
    statuses = [ask(application, service="rds")[0] for _ in range(3)]
    assert statuses == ["501 Not Implemented", "200 OK", "200 OK"]
    assert prepared == ["rds"]

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casjob.job.failures import Failure, Pair, clip, decode_messages, describe_failure, read_failure
from casjob.json_text import MAX_DEPTH, JsonValue, encode

VPC: dict[str, JsonValue] = {"code": "VPC.0202", "message": "Query failed."}
NOT_ESCAPED = (
    '{"error_code":"SVCSTG.00500404","error_message":"{"code":"VPC.0202","message":"Query…"}"}'
)
BACKSLASH = encode([{"a": NOT_ESCAPED}, "C:\\"])
STACK_TRACE = (
    "java.lang.IllegalStateException: boom\n\tat com.example.A.b(A.java:7)\n\t... 3 more\n"
)
AFTER_PROSE = 'Expected [201], but got 409 instead {"code":"VPC.0602","message":"CIDR overlaps"}'
BEFORE_PROSE = 'response: {"code":"VPC.0602","message":"CIDR overlaps"}, url: https://vpc/v1'
RETRIES = 'try 1: {"code":"A.0001","message":"m"}, try 2: {"code":"A.0002","message":"n"}'
IN_PROSE = "Expected [201], but got 409 instead …"
ANSIBLE = 'fatal: [web]: FAILED! => {"changed": false, "msg": "no space left\\non /dev/vda1"}'
LONG = "x" * 1_000_000
BRACKETS = "[" * 10_000 + "]" * 10_000
EQUAL_KEYS = '{"code": "A", "code": "B", "message": "m"}'


def nest(levels: int, core: JsonValue = "x") -> JsonValue:
    for _ in range(levels):
        core = [core]
    return core


def says(
    code: str | None,
    detail: str | None,
    *within: tuple[str | None, str | None],
    also: Sequence[tuple[str | None, str | None]] = (),
    rest: Mapping[str, str] = MappingProxyType({}),
) -> Failure:
    pairs, others = (tuple(Pair(*pair) for pair in each) for each in (within, also))
    return Failure(code, detail, pairs, others, tuple(rest.items()))


SHAPES: dict[str, tuple[JsonValue, Failure | None]] = {
    # No text.
    "null": (None, None),
    "an empty string": ("", None),
    "white space": (" \r\n\t", None),
    "an empty object": ("{}", None),
    "an empty array": (" [ ] ", None),
    "an empty object as a JSON string": (r'"{}"', None),
    "empty fields": ('{"Message": "", "Detail": null, "data": [{}, "  ", "[]"]}', None),
    "the word null": ("null", None),
    "null in a string": ('"null"', None),
    "an empty string of JSON": ('""', None),
    "words for nothing": ('{"Message": "null", "Detail": "None", "error": "<nil>"}', None),
    # Pairs, one per spelling.
    "the documented example": (
        '{ "Message" : "ECC00011", "Detail" : "Building failed." }',
        says("ECC00011", "Building failed."),
    ),
    "several spellings at once": (
        {"code": "B", "message": "n", "error_msg": "m", "error_code": "A"},
        says("A", "m", also=[("B", "n")]),
    ),
    "Message and Detail beside another spelling": (
        {"Message": "A", "Detail": "m", "code": "B"},
        says("A", "m", rest={"code": "B"}),
    ),
    "empty Message and Detail beside another spelling": (
        {"Message": None, "Detail": "", **VPC},
        says("VPC.0202", "Query failed."),
    ),
    "code, details": (
        '{"http_code": 400, "message": {"code": "ces.0014", "details": "m"}}',
        says("ces.0014", "m", rest={"http_code": "400"}),
    ),
    "code, reason": ('{"code": "A.0001", "reason": "no quota"}', says("A.0001", "no quota")),
    "a number as code": ('{"code": 10010, "message": "m"}', says("10010", "m")),
    "digits as code": ('{"error_code": "100022", "error_msg": "m"}', says("100022", "m")),
    # No codes.
    "an HTTP status is no code": (
        '{"code": 404, "message": "m"}',
        says(None, "m", rest={"code": "404"}),
    ),
    "zero is no code": ('{"code": "0", "msg": "m"}', says(None, "m", rest={"code": "0"})),
    "a placeholder is no code": (
        '{"error_code": "CSMS.XXXX", "error_msg": "m"}',
        says(None, "m", rest={"error_code": "CSMS.XXXX"}),
    ),
    "an id is no code": (
        '{"code": "909494e3-558e-46b6-a9eb-07a8e18ca62f", "message": "m"}',
        says(None, "m", rest={"code": "909494e3-558e-46b6-a9eb-07a8e18ca62f"}),
    ),
    "prose is no code": (
        '{"Message": "It broke.", "Detail": "m"}',
        says(None, "m", rest={"Message": "It broke."}),
    ),
    # Code and message swapped.
    "a message under code, and a code under message": (
        '{"error": {"code": "request body is illegal.", "message": "Ecs.0005"}}',
        says("Ecs.0005", "request body is illegal."),
    ),
    "a name under code, and a code under message": (
        '{"code": "BadRequest", "message": "Ecs.0005"}',
        says("Ecs.0005", "BadRequest"),
    ),
    "true is no code": ('{"code": true, "message": "m"}', says(None, "m", rest={"code": "true"})),
    "a number as detail": ('{"Message": "ECC00099", "Detail": 7}', says("ECC00099", "7")),
    "a number as detail, in lower case": (
        {"message": "ECC00099", "detail": 7},
        says("ECC00099", "7"),
    ),
    "a flag as detail": ('{"code": "A", "message": false}', says("A", "false")),
    "a number is no detail beside a text": (
        '{"Message": "A", "Detail": 7, "message": "m"}',
        says("A", "m", rest={"Detail": "7"}),
    ),
    "blanks around a code": (
        '{"Message": "ECC00099 ", "Detail": " m ", "cause": {"code": "\\tA", "message": "n"}}',
        says("A", "n", ("ECC00099", " m ")),
    ),
    "blanks around a code under message": (
        '{"code": "BadRequest", "message": " Ecs.0005 "}',
        says("Ecs.0005", "BadRequest"),
    ),
    "a Kubernetes Status": (
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": 'pods "web-0" not found',
            "reason": "NotFound",
            "details": {"name": "web-0", "kind": "pods"},
            "code": 404,
        },
        says(
            "NotFound",
            'pods "web-0" not found',
            rest={
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "details.name": "web-0",
                "details.kind": "pods",
                "code": "404",
            },
        ),
    ),
    # Pairs around pairs, and beside them.
    "a pair in an HTTP reply": (
        '{"statusCode": 500, "jsonBody": {"error_code": "CCE.01500001", "error_msg": "not ready"}}',
        says("CCE.01500001", "not ready", rest={"statusCode": "500"}),
    ),
    "three layers of strings": (
        encode(
            {
                "Message": "ECC00011",
                "Detail": encode({"error_code": "SVCSTG.00500404", "error_msg": encode(VPC)}),
            }
        ),
        says("VPC.0202", "Query failed.", ("SVCSTG.00500404", None), ("ECC00011", None)),
    ),
    "a pair beside a detail": (
        {"code": "A", "message": "m", "cause": VPC},
        says("VPC.0202", "Query failed.", ("A", "m")),
    ),
    "a pair in an object with only a detail": (
        {"message": "m", "cause": VPC},
        says("VPC.0202", "Query failed.", (None, "m")),
    ),
    "a pair in an object with only a code": (
        {"error_code": "A", "cause": VPC},
        says("VPC.0202", "Query failed.", ("A", None)),
    ),
    "a pair in a detail without a code": ({"message": VPC}, says("VPC.0202", "Query failed.")),
    "a list of errors": (
        [{"code": "A", "message": "m"}, {"code": "B", "message": "n"}, {"message": "o"}],
        says("A", "m", also=[("B", "n")], rest={"[2].message": "o"}),
    ),
    "a list of errors in the detail": (
        {"Message": "E", "Detail": [VPC, {"code": "B", "message": "n", "at": [1]}]},
        says(
            "VPC.0202",
            "Query failed.",
            ("E", None),
            also=[("B", "n")],
            rest={"Detail[1].at[0]": "1"},
        ),
    ),
    "a list of errors, and JSON in the detail of the first": (
        [{"code": "A", "message": AFTER_PROSE}, {"code": "B", "message": "n", "at": 1}],
        says("VPC.0602", "CIDR overlaps", ("A", IN_PROSE), also=[("B", "n")], rest={"[1].at": "1"}),
    ),
    "the deeper of two pairs": (
        [{"code": "A", "message": "m"}, {"error": VPC}],
        says("VPC.0202", "Query failed.", also=[("A", "m")]),
    ),
    # Each code with its own text.
    "two pairs in one object, and a sentence that tells more": (
        {
            "errorCode": "CCE.01400001",
            "errorMessage": "Invalid request.",
            "error_code": "CCE_CM.0004",
            "error_msg": "Request is invalid",
            "message": "Eni subnetId and subnetCidr not matched",
            "reason": "BadRequest",
        },
        says(
            "CCE.01400001",
            "Eni subnetId and subnetCidr not matched",
            also=[("CCE_CM.0004", "Request is invalid")],
            rest={"errorMessage": "Invalid request.", "reason": "BadRequest"},
        ),
    ),
    "two pairs in one object, in another order": (
        {"error_msg": "n", "errorMsg": "m", "errorCode": "A.0001", "error_code": "B.0001"},
        says("A.0001", "m", also=[("B.0001", "n")]),
    ),
    "two pairs in one object, one of them without a text": (
        {"errorCode": "A.0001", "error_code": "B.0001", "error_msg": "n"},
        says("A.0001", "n", rest={"error_code": "B.0001"}),
    ),
    "a pair of the vendor's beside Message and Detail": (
        {"Message": "EvictedPod", "Detail": "m", "code": "VPC.0202", "message": "n"},
        says("VPC.0202", "n", also=[("EvictedPod", "m")]),
    ),
    "a sentence that tells less": (
        {"error_code": "A.0001", "error_msg": "The quota is used up.", "message": "Failed."},
        says("A.0001", "The quota is used up.", rest={"message": "Failed."}),
    ),
    "a stack trace tells less than a sentence": (
        {"error_code": "A.0001", "error_msg": "m", "message": STACK_TRACE},
        says("A.0001", "m", rest={"message": STACK_TRACE}),
    ),
    "a sentence beside an object": (
        {"error_code": "A.0001", "error_msg": {"a": 1, "b": 2}, "message": "It is long."},
        says("A.0001", '{"a": 1, "b": 2}', rest={"message": "It is long."}),
    ),
    "errorDetail beside a reason, which has another spelling than the code": (
        {"errorCode": "A.0001", "failReason": "m", "errorDetail": "more about it"},
        says("A.0001", "m", rest={"errorDetail": "more about it"}),
    ),
    "error_detail beside an empty detail": (
        {"error_code": "A.0001", "error_msg": "", "error_detail": "more about it"},
        says("A.0001", "more about it"),
    ),
    "error_detail beside a detail": (
        {"error_code": "A.0001", "error_msg": "m", "error_detail": "more about it"},
        says("A.0001", "m", rest={"error_detail": "more about it"}),
    ),
    "the body of another service's job": (
        '{"status":"FAIL","error_code":"EVS.2024","fail_reason":"EbsCreateVolumeTask-fail:volume"}',
        says("EVS.2024", "EbsCreateVolumeTask-fail:volume", rest={"status": "FAIL"}),
    ),
    "a job of another service that failed in a job below it": (
        {
            "status": "FAIL",
            "error_code": "EVS.2001",
            "fail_reason": "sub job failed",
            "entities": {
                "sub_jobs": [
                    {"status": "SUCCESS", "error_code": None, "fail_reason": ""},
                    {"status": "FAIL", "error_code": "EVS.2024", "fail_reason": "no volume"},
                ]
            },
        },
        says(
            "EVS.2024",
            "no volume",
            ("EVS.2001", "sub job failed"),
            rest={
                "status": "FAIL",
                "entities.sub_jobs[0].status": "SUCCESS",
                "entities.sub_jobs[1].status": "FAIL",
            },
        ),
    ),
    # A detail that is JSON without a code.
    "a detail that is JSON without a pair": (
        '{"Message": "ECC00011", "Detail": "{\\"pod\\":[\\"web-0\\",{\\"message\\": \\"m\\"}]}"}',
        says("ECC00011", "m", rest={"Detail.pod[0]": "web-0"}),
    ),
    "Neutron's error in the detail of a pair": (
        encode(
            {
                "error_code": "VPC.0120",
                "error_message": encode(
                    {
                        "NeutronError": {
                            "message": "exroutes exists under this router.",
                            "type": "RouterInUse",
                            "detail": "",
                        }
                    }
                ),
            }
        ),
        says(
            "VPC.0120",
            "exroutes exists under this router.",
            rest={"error_message.NeutronError.type": "RouterInUse"},
        ),
    ),
    "a detail with one text under any key": (
        {"error_code": "A.0001", "error_msg": '{"NeutronError": ["It is in use."]}'},
        says("A.0001", "It is in use."),
    ),
    "a detail with one text under a key that says more": (
        r'{"Message": "ECC00099", "Detail": "{\"web-6f9c-x2k\": \"Back-off\"}"}',
        says("ECC00099", '{"web-6f9c-x2k": "Back-off"}'),
    ),
    "a detail with one number": ({"Detail": {"failed_pods": 3}}, says(None, '{"failed_pods": 3}')),
    "pairs under the names of what they are about": (
        {
            "Message": "ECC00099",
            "Detail": {
                "web-1": {"reason": "CrashLoopBackOff", "message": "m"},
                "10.0.0.1": [{"message": "n"}, {"code": "A", "message": "o"}],
            },
        },
        says(
            "A",
            "o",
            ("ECC00099", None),
            also=[("CrashLoopBackOff", "m")],
            rest={
                "Detail.10.0.0.1": "A",
                "Detail.web-1": "CrashLoopBackOff",
                "Detail.10.0.0.1[0].message": "n",
            },
        ),
    ),
    "a detail with several texts under other keys": (
        {"error_code": "A.0001", "error_msg": {"a": "It is in use.", "b": "Detach it."}},
        says("A.0001", '{"a": "It is in use.", "b": "Detach it."}'),
    ),
    "Ansible's JSON without a code": (
        ANSIBLE,
        says(
            None,
            "no space left\non /dev/vda1",
            (None, "fatal: [web]: FAILED! => …"),
            rest={"changed": "false"},
        ),
    ),
    "JSON without a code in the prose of a pair": (
        {"code": "A.0001", "message": ANSIBLE},
        says(
            "A.0001",
            "no space left\non /dev/vda1",
            (None, "fatal: [web]: FAILED! => …"),
            rest={"changed": "false"},
        ),
    ),
    "a code before JSON without one": (
        'VPC.0120: got 409 {"NeutronError": "It is in use."}',
        says("VPC.0120", 'VPC.0120: got 409 {"NeutronError": "It is in use."}'),
    ),
    "a code before a message in JSON without one": (
        'VPC.0120: got 409 {"NeutronError": {"message": "It is in use."}}',
        says(
            "VPC.0120",
            "It is in use.",
            (None, "VPC.0120: got 409 …"),
        ),
    ),
    "JSON with a code before JSON without one": (
        'a {"code": "A.0001", "message": "m"} => {"msg": "n"}',
        says("A.0001", "m", (None, 'a … => {"msg": "n"}')),
    ),
    # A part of a pair.
    "a code in another object than its detail": (
        {"jsonBody": {"Message": "ECC00099", "id": 1}, "Detail": "m"},
        says("ECC00099", "m", rest={"jsonBody.id": "1"}),
    ),
    "a code that is named beside a detail, but not in a message": (
        {"Detail": "m", "link": "see VPC.0202"},
        says(None, "m", rest={"link": "see VPC.0202"}),
    ),
    "a code in the text beside a detail": (
        {"Message": "ECC00099: It broke.", "Detail": "m"},
        says("ECC00099", "m", rest={"Message": "ECC00099: It broke."}),
    ),
    "a lone Message with a code": ('{"Message": "ECC00011"}', says("ECC00011", None)),
    "a lone Message": ('{"Message": "m"}', says(None, "m")),
    "a lone Detail": ('{"Detail": "m"}', says(None, "m")),
    "a Message with an empty Detail": (
        '{"Message": "ECC00011", "Detail": ""}',
        says("ECC00011", None),
    ),
    "a detail without a code": (
        '{"error_code": "", "error_msg": "m", "status": {"code": 5}}',
        says(None, "m", rest={"status.code": "5"}),
    ),
    "a detail in an object with only a code": (
        {"error_code": "A", "data": {"message": "m"}},
        says("A", "m"),
    ),
    "a detail in a detail, and another beside it": (
        [{"message": {"message": "m"}}, {"message": [{"message": "n"}]}],
        says(None, "n", also=[(None, "m")]),
    ),
    "codes without details": (
        '[{"code": 7000}, {"reason": "Evicted"}]',
        says("7000", None, also=[("Evicted", None)]),
    ),
    # JSON in text.
    "JSON after prose": (AFTER_PROSE, says("VPC.0602", "CIDR overlaps", (None, IN_PROSE))),
    "JSON followed by prose": (
        BEFORE_PROSE,
        says("VPC.0602", "CIDR overlaps", (None, "response: …, url: https://vpc/v1")),
    ),
    "JSON in the prose of a pair": (
        encode({"Message": "ECC00099", "Detail": AFTER_PROSE}),
        says("VPC.0602", "CIDR overlaps", ("ECC00099", IN_PROSE)),
    ),
    "escaped JSON in prose": (
        encode(AFTER_PROSE),
        says("VPC.0602", "CIDR overlaps", (None, f'"{IN_PROSE}"')),
    ),
    "JSON without a code before a full stop": (
        '("got 409 {"NeutronError": {"message": "m"}}").',
        says(None, "m", (None, '("got 409 …").')),
    ),
    "JSON without a code that does not end the prose": (
        'got 409 {"NeutronError": {"message": "m"}} from Neutron',
        says(None, 'got 409 {"NeutronError": {"message": "m"}} from Neutron'),
    ),
    "several pieces of JSON in prose": (
        RETRIES,
        says("A.0002", "n", (None, 'try 1: {"code":"A.0001","message":"m"}, try 2: …')),
    ),
    "well-formed JSON before broken JSON": (
        'a {"code": "A.0001", "message": "m"} b {"code": "A.0002", "mess',
        says("A.0001", "m", (None, 'a … b {"code": "A.0002", "mess')),
    ),
    # JSON that is repaired.
    "inner quotes not escaped": (
        NOT_ESCAPED,
        says("VPC.0202", "Query…", ("SVCSTG.00500404", None)),
    ),
    "inner quotes not escaped after prose": (
        f"failed: {NOT_ESCAPED}",
        says("VPC.0202", "Query…", ("SVCSTG.00500404", None), (None, f"failed: {NOT_ESCAPED}")),
    ),
    "inner quotes not escaped beside a backslash": (
        BACKSLASH,
        says(
            "VPC.0202",
            "Query…",
            ("SVCSTG.00500404", None),
            (None, BACKSLASH),
            rest={"[1]": 'C:"]…'},
        ),
    ),
    "a trailing comma": (
        '{\n "errorMessage": "m",\n "errorCode": "CCE.01401001",\n}\n',
        says("CCE.01401001", "m"),
    ),
    "cut in the detail": (
        '{"error_code": "VPC.0202", "error_msg": "Quota exc',
        says("VPC.0202", "Quota exc…"),
    ),
    "cut in the inner detail": (
        r'{"Message": "ECC00099", "Detail": "{\"code\": \"VPC.0202\", \"message\": \"Quota exc',
        says("VPC.0202", "Quota exc…", ("ECC00099", None)),
    ),
    "an inner pair that was cut": (
        encode({"Message": "ECC00099", "Detail": '{"code": "VPC.0202", "message": "Quota exc'}),
        says("VPC.0202", "Quota exc…", ("ECC00099", None)),
    ),
    "cut in the code": ('{"code": "CCE.0140', says(None, '{"code": "CCE.0140')),
    "cut before the code": (
        '{ "statusCode": 500, "jsonBody": { "error_code":',
        says(None, '{ "statusCode": 500, "jsonBody": { "error_code":'),
    ),
    "Python's notation": (
        "{'error_code': 'VPC.0202', 'error_msg': \"can't\", 'data': None}",
        says("VPC.0202", "can't"),
    ),
    "broken JSON in a pair does not replace its code by a name": (
        encode({"code": "A.0001", "message": "invalid: {'code': 'x1', 'message': 'y'}"}),
        says("A.0001", "invalid: {'code': 'x1', 'message': 'y'}"),
    ),
    "names in broken JSON are no codes": (
        '{"reason": "Evicted", "message": "m",}',
        says(None, '{"reason": "Evicted", "message": "m",}'),
    ),
    "a code alone in a pair's JSON does not replace the pair": (
        {"code": "A.0001", "message": {"context": {"code": "B.0001"}}},
        says("A.0001", '{"context": {"code": "B.0001"}}'),
    ),
    # Codes in plain text.
    "a code before its text": (
        "SVCSTG.00100458: 应用名已经被使用",
        says("SVCSTG.00100458", "SVCSTG.00100458: 应用名已经被使用"),
    ),
    "a code in the text of a pair": (
        '{"Message": "ECC00099", "Detail": "see VPC.0202: m"}',
        says("ECC00099", "see VPC.0202: m"),
    ),
    "a code in JSON of another shape": (
        '{"jsonBody": "VPC.0202: m"}',
        says("VPC.0202", '{"jsonBody": "VPC.0202: m"}'),
    ),
    "JSON in text that is too long to be searched": (
        LONG + AFTER_PROSE,
        says("VPC.0602", LONG + AFTER_PROSE),
    ),
    # JSON without a pair, and no JSON.
    "an object of another shape": ('{ "a":[1, "{}"] }', says(None, '{ "a":[1, "{}"] }')),
    "a number": (5, says(None, "5")),
    "a number of no shape": ("0", says(None, "0")),
    "a byte order mark before JSON": (
        encode({"Message": "ECC00099", "Detail": f"\ufeff{encode(VPC)}"}),
        says("VPC.0202", "Query failed.", ("ECC00099", None)),
    ),
    "a JSON string of plain text": (r'"no\ttab"', says(None, r'"no\ttab"')),
    "plain text": ("  It broke.\n", says(None, "  It broke.\n")),
    "a stack trace": (STACK_TRACE, says(None, STACK_TRACE)),
    "Chinese": ("构建失败", says(None, "构建失败")),
    "Chinese in a pair": (
        r'{"Message": "ECC00011", "Detail": "\u6784建失败"}',
        says("ECC00011", "构建失败"),
    ),
    "very long text": (LONG, says(None, LONG)),
    "a very long detail": (encode({"code": "A", "message": LONG}), says("A", LONG)),
    "a lone surrogate": ("\ud800", says(None, "\ud800")),
    "a lone surrogate in a detail": (r'{"code": "A", "message": "\ud800"}', says("A", "\ud800")),
    "equal keys": (EQUAL_KEYS, says(None, EQUAL_KEYS)),
    "equal keys inside": (encode({"code": "A", "message": EQUAL_KEYS}), says("A", EQUAL_KEYS)),
    "NaN": ('{"code": NaN}', says(None, '{"code": NaN}')),
    "a number out of range": ('{"code": 1e999}', says(None, '{"code": 1e999}')),
    "a large code": (f'{{"code": {"9" * 4000}}}', says("9" * 4000, None)),
    "too many digits": (f'{{"code": {"9" * 9999}}}', says(None, f'{{"code": {"9" * 9999}}}')),
    "nested too deeply": (BRACKETS, says(None, BRACKETS)),
    "nested too deeply in a string": (
        encode({"code": "A", "message": BRACKETS}),
        says("A", BRACKETS),
    ),
    "decoded, nested too deeply, and empty": (nest(10_000, []), None),
    "decoded and nested too deeply": (nest(10_000), says(None, "x")),
}


@pytest.mark.parametrize(("sent", "failure"), SHAPES.values(), ids=SHAPES)
def test_a_message_is_read(sent: JsonValue, failure: Failure | None) -> None:
    assert read_failure(sent) == failure


@pytest.mark.parametrize("code", ["error_code", "err-code", "errCode", "Code", "reason"])
@pytest.mark.parametrize(
    "detail",
    [
        *("error_msg", "errorMessage", "err_msg", "externalMessage", "fail_reason", "failReason"),
        *("failure-message", "message", "msg", "error_description", "errorDesc", "detail"),
        *("details", "error", "error_detail", "errorDetail"),
    ],
)
def test_a_pair_is_read_in_any_spelling(code: str, detail: str) -> None:
    assert read_failure({"x": "y", detail: "m", code: "A.0001"}) == Failure(
        "A.0001", "m", rest=(("x", "y"),)
    )


SAMPLE = Path(__file__).parents[1] / "data" / "messages_sample.tsv"


@pytest.mark.parametrize(
    ("code", "message"), [line.split("\t") for line in SAMPLE.read_text("utf-8").splitlines()[1:]]
)
def test_the_code_of_a_real_message_is_found(code: str, message: str) -> None:
    failure = read_failure(json.loads(message))

    assert failure
    assert failure.code == (code or None)


@pytest.mark.parametrize(
    ("sent", "decoded"),
    [
        ("{}", {}),
        (" [1]\n", [1]),
        ("\ufeff[1]", [1]),
        ('["{\\"a\\": \\"[2]\\"}"]', [{"a": [2]}]),
        ({"a": ["[3]"]}, {"a": [[3]]}),
        (encode(encode(encode([4]))), [4]),
        ({"a": encode(encode([5]))}, {"a": [5]}),
        (encode({"a": EQUAL_KEYS}), {"a": EQUAL_KEYS}),
    ],
)
def test_objects_and_arrays_in_strings_are_decoded(sent: JsonValue, decoded: JsonValue) -> None:
    assert decode_messages(sent) == decoded


@pytest.mark.parametrize(
    "sent",
    [
        *("", "5", "null", "true", '"text"', r'"\"5\""', "[1,]", "[NaN]", "[1e999]", '{"a": 1'),
        *(EQUAL_KEYS, NOT_ESCAPED, AFTER_PROSE, 5, None),
    ],
)
def test_any_other_value_stays_as_sent(sent: JsonValue) -> None:
    assert decode_messages(sent) == sent


@pytest.mark.parametrize("is_object", [False, True])
def test_the_depth_limit_covers_all_layers_together(*, is_object: bool) -> None:
    def wrap(levels: int, core: JsonValue = "x") -> JsonValue:
        for _ in range(levels):
            core = {"a": core} if is_object else [core]
        return core

    half, deepest = MAX_DEPTH // 2, wrap(MAX_DEPTH)
    too_deep, deeper = encode(wrap(MAX_DEPTH + 1)), encode(wrap(half + 1))

    assert decode_messages(encode(deepest)) == deepest
    assert decode_messages(too_deep) == too_deep
    assert decode_messages(encode(wrap(half, encode(wrap(half))))) == deepest
    assert decode_messages(encode(wrap(half, deeper))) == wrap(half, deeper)
    assert decode_messages(wrap(MAX_DEPTH, "[]")) == wrap(MAX_DEPTH, "[]")


TEXT = st.text(st.characters(codec=None) | st.sampled_from('{}[]":, \\\ud800'))
KEYS = st.sampled_from(
    ["Message", "Detail", "message", "code", "reason", "error_code", "error_msg", "errorMessage"]
)
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | TEXT
    | st.floats(allow_nan=False, width=32).filter(lambda number: abs(number) != float("inf")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS | TEXT, inner, max_size=4)
        | inner.map(encode)
    ),
)


def leaves(value: JsonValue) -> list[str]:
    match value:
        case dict():
            return [leaf for child in value.values() for leaf in leaves(child)]
        case list():
            return [leaf for child in value for leaf in leaves(child)]
        case None:
            return []
        case str():
            is_nothing = value.strip("\"' \t\r\n\ufeff") in {"", "null", "None", "<nil>"}
            return [] if is_nothing or not value.strip() else [value]
        case _:
            return [encode(value)]


def texts(failure: Failure) -> list[str]:
    pairs = (Pair(failure.code, failure.detail), *failure.within, *failure.also)
    words = [text for pair in pairs for text in (pair.code, pair.detail) if text is not None]
    return [*words, *(text for _, text in failure.rest)]


@given(TEXT)
def test_text_that_is_not_json_is_kept_exactly(text: str) -> None:
    sent = f"Failed: {text}"
    failure = read_failure(sent)

    assert decode_messages(sent) == sent
    assert failure
    assert sent in (failure.detail, *(pair.detail for pair in failure.within))


@given(TEXT)
def test_any_text_is_read(text: str) -> None:
    decode_messages(text)
    failure = read_failure(text)

    assert failure or not leaves(decode_messages(text))


@given(JSON)
def test_decoded_messages_can_be_encoded(sent: JsonValue) -> None:
    decoded = decode_messages(sent)

    assert json.loads(encode(decoded)) == decoded
    assert decode_messages(decoded) == decoded


@given(JSON)
def test_no_value_is_lost(sent: JsonValue) -> None:
    said = leaves(decode_messages(sent))
    failure = read_failure(sent)

    if failure is None:
        assert not said
    elif failure.detail != (sent if isinstance(sent, str) else encode(sent)):
        for leaf in said:
            in_json = encode(leaf)[1:-1]
            assert any(leaf in text or in_json in text for text in texts(failure))


# Distinct, so that a lost one is noticed.
WORDS = st.lists(st.text("abcdefgh", min_size=12, max_size=12), min_size=6, max_size=6, unique=True)
LAYOUTS = st.sampled_from(
    [
        '{"code": "A.0001", "message": "%s", "x": ["%s", "%s"], "y": {"msg": "%s", "z": "%s %s"},}',
        '%s {"code": "A.0001", "message": "%s"} %s {"reason": "B", "x": "%s"} %s "%s',
        (
            '{"error_code": "A.0001", "error_msg": "{"code":"B.0001","message":"%s"}",'
            ' "%s": "%s %s %s %s"}'
        ),
        "{'code': 'A.0001', 'message': '%s', 'x': [None, '%s', {'y': '%s'}, '%s'], 'z': '%s %s'}",
        (
            '{"code": "A.0001", "message": "%s {\\"code\\": \\"B.0001\\",'
            ' \\"message\\": \\"%s %s\\"} %s %s %s"}'
        ),
    ]
)


@given(LAYOUTS, WORDS, st.integers(0, 260))
def test_nothing_is_lost_of_json_that_is_cut_or_broken(
    layout: str, words: list[str], length: int
) -> None:
    sent = (layout % tuple(words))[:length]
    failure = read_failure(sent)
    found = " ".join([*texts(failure), *(path for path, _ in failure.rest)]) if failure else ""

    assert all(word in found for word in words if word in sent)


@pytest.mark.parametrize(
    "piece",
    [
        *("x", "A.", "A.0001 ", "{", '{"', '{"a":', '{"code":"A.0001"}', '"{"', '\\"', "[1,"),
        *("code=", "A:", "A.0001:", '{"msg":"m"}', "\n"),
    ],
)
def test_the_time_to_read_a_message_grows_with_its_length(piece: str) -> None:
    def measure(length: int) -> float:
        sent = '{"a": "' + piece * (length // len(piece))
        started = time.process_time()
        read_failure(sent)
        return time.process_time() - started

    measure(1000)
    assert measure(200_000) < 3  # a quadratic search takes minutes


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (None, "(empty response)"),
        (Failure("A.0001", "m"), "A.0001 m"),
        (Failure(None, "m"), "m"),
        (Failure("A.0001", None), "A.0001"),
        (
            Failure(
                "A.0001", "m", rest=(("x", "y"), ("error_detail", "more"), ("errorDetail", "m"))
            ),
            "A.0001 m; more",
        ),
        (Failure("A.0001", "m", rest=(("error.error_detail.field", "size"),)), "A.0001 m; size"),
        (Failure("A.0001", "A.0001: m"), "A.0001: m"),
        (Failure("A.0001", "m", within=(Pair("B", None),)), "A.0001 m, within B"),
        (Failure(None, "x" * 300), "x" * 300),
        (Failure(None, "x" * 301), "x" * 300 + "… (301 characters)"),
    ],
)
def test_a_failure_is_described_in_a_line(failure: Failure | None, text: str) -> None:
    assert describe_failure(failure) == text


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("12345", "12345"), ("123456", "12345… (6 characters)")]
)
def test_a_text_is_cut_only_where_it_is_too_long(text: str, shown: str) -> None:
    assert clip(text, 5) == shown

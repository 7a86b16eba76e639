import pytest

from casjob.job.codes import find_code, is_code, is_vendor_code
from casjob.json_text import JsonValue

CODES: tuple[JsonValue, ...] = (
    *("VPC.0202", "ces.0014", "ECC00011", "NotFound", "CONF_NOT_FOUND", "DEV-21-40110"),
    *("100022", "A", "a" * 100, "1000", "1" * 100, 10010, 1000),
)
NO_CODES: tuple[JsonValue, ...] = (
    *("", "It broke.", "错误", "string", "code", "errorcode", "error_code", "OK", "0"),
    *("00000000", "404", "CSMS.XXXX", "APITEST.00XXXXXXXX"),
    *("909494e3-558e-46b6-a9eb-07a8e18ca62f", "909494e3558e46b6a9eb07a8e18ca62f", "a" * 101),
    *("1" * 101, "Codé", "٣٣٣٣", 0, 404, 999, 10010.5, True, None),
)
VENDORS: tuple[JsonValue, ...] = (
    *("Ecs.0005", "ces.0014", "SVCSTG.VMAPP.4001020", "E.CFE.4000001", "CCE_CM.0003"),
    *("SVCSTG.CCE-ADDONMGR.4030302", "SVCSTG_AMS_4000001", "DRS.M00100", "ECC00011"),
    *("A.B.C.D.0001", f"{'a' * 30}.{'b' * 30}.0001", "A.123456789012"),
)
OTHERS: tuple[JsonValue, ...] = (
    *("NotFound", "10010", "TN00097", "A.7", "A.123", "A.1234567890123", "A_123456"),
    *("a_1234567", "A_1234567890123", "A.B.C.D.E.0001", f"{'a' * 31}.0001"),
    *(f"A.{'b' * 31}.0001", "VPC.٣٣٣٣", "m: VPC.0202", "a.b", 5),
)


def test_a_code_is_a_name_or_a_number_and_nothing_else() -> None:
    assert [each for each in CODES if not is_code(each)] == []
    assert [each for each in NO_CODES if is_code(each)] == []
    assert not is_code(["VPC.0202"])


def test_the_vendors_codes_have_a_form_of_their_own() -> None:
    assert [each for each in VENDORS if not is_vendor_code(each)] == []
    assert [each for each in OTHERS if is_vendor_code(each)] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ECC00011", "ECC00011"),
        ("SVCSTG.00100458: 应用名已经被使用", "SVCSTG.00100458"),
        ("SVCSTG.00100458:应用名已经被使用", "SVCSTG.00100458"),
        ("错误码VPC.0602表示网段冲突", "VPC.0602"),
        ("HttpException: bad signature, [APIGW.0301]bad signature", "APIGW.0301"),
        ("[ECC00011] Building failed.", "ECC00011"),
        ("The quota is used up (CCE.01400014).", "CCE.01400014"),
        ("It failed with VPC.0602. Try again.", "VPC.0602"),
        ('"VPC.0602: CIDR overlaps"', "VPC.0602"),
        ('the code is "VPC.0602"', "VPC.0602"),
        ("ErrorCode: VPC.0602, ErrorMessage: m", "VPC.0602"),
        ("status_code=400, error_code=ces.0014, error_msg=m", "ces.0014"),
        ("{status_code: 404, error_code: ECS.0114, error_msg: m}", "ECS.0114"),
        ("SdkException{httpStatusCode=404, errorCode='VPC.0602', errorMsg='m'}", "VPC.0602"),
        ("map[code:VPC.0602 message:m]", "VPC.0602"),
        (r'"{\"code\": \"VPC.0602\", \"message\": \"m\"}', "VPC.0602"),
        ("<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>", "NoSuchBucket"),
        ("<error_code>VPC.0602</error_code>", "VPC.0602"),
        ("Status=404 Not Found, Code=NoSuchBucket, Message=m, RequestId=1", "NoSuchBucket"),
        ("<Code>Abc</Code>", "Abc"),
        (f"<Code>A{'b' * 99}</Code>", f"A{'b' * 99}"),
        ("Code=Abc,Message=m", "Abc"),
        ("Code=Abc; ErrorMessage=m", "Abc"),
        (f"Code=A{'b' * 100}, msg=m", f"A{'b' * 100}"),
        # After a colon without a blank, and with more in its first parts.
        ('CreateTrigger failed:SVCSTG.SWR.5004002 "Server error"', "SVCSTG.SWR.5004002"),
        ("java.lang.RuntimeException:SVCSTG.00100458:应用名已经被使用", "SVCSTG.00100458"),
        ("失败:CCE.01400013 磁盘配额不足", "CCE.01400013"),
        ("失败:XYZ.01400013 磁盘配额不足", "XYZ.01400013"),
        ("java.lang.RuntimeException:XYZ.00100458:应用名已经被使用", "XYZ.00100458"),
        ("失败:XYZ.0140013 磁盘配额不足", "XYZ.0140013"),
        ("/var/log/app and user@host say VPC.0602", "VPC.0602"),
        ("cause=VPC.0602, no retry", "VPC.0602"),
        ("it failed with SVCSTG.CCE-ADDONMGR.4030302", "SVCSTG.CCE-ADDONMGR.4030302"),
        ("SVCSTG_AMS_4000001 no metrics", "SVCSTG_AMS_4000001"),
        ("CCE_CM.0004: Request is invalid", "CCE_CM.0004"),
        ("VPC.0602:2 of 3 subnets overlap", "VPC.0602"),
        # Of a known service, in its own spelling; of another, with a number as codes have it.
        ("Ecs.0005 in the request", "Ecs.0005"),
        ("SecMaster.20040001 happened", "SecMaster.20040001"),
        ("EVS.2024 in 2024", "EVS.2024"),
        ("ces.0014: a parameter is not valid", "ces.0014"),
        ("WKS.00211401 and nothing else", "WKS.00211401"),
        ("USG.206010000 it is", "USG.206010000"),
        # The codes of well-known tools; the first is what stopped them.
        ("npm ERR! code ERESOLVE\nnpm ERR! ERESOLVE unable to resolve", "ERESOLVE"),
        ("npm error code E401\nnpm error Unable to authenticate", "E401"),
        ("ORA-12541: TNS:no listener\nORA-06512: at line 4", "ORA-12541"),
        ("[ERR-10008] The package is not there", "ERR-10008"),
        ("Error [ERR_MODULE_NOT_FOUND]: Cannot find package", "ERR_MODULE_NOT_FOUND"),
        ("src/a.ts(3,5): error TS2304: Cannot find name 'x'.", "TS2304"),
        ("error[E0432]: unresolved import", "E0432"),
        # The innermost, which is the last.
        ("SVCSTG.00500404: call failed: VPC.0202: m", "VPC.0202"),
        ("error_code: A.0001, error_code: A.0002, see B.0001", "A.0002"),
    ],
)
def test_a_code_is_found_in_text(text: str, code: str) -> None:
    assert find_code(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "java.lang.IllegalStateException: boom\n\tat com.example.A.b(A.java:7)\n",
        "panic at main.go:35, goroutine 1 [running]",
        "docker.io/library/nginx:1.25.3 from swr.cn-north-4.myhuaweicloud.com/group/app.2024",
        "10.0.0.1:8080, fe80::1, Host.1234:8080, Host.1234.local, user@Host.1234, /App.1234/log",
        "https://Host.1234/path, file://App.20240101.log, App.20240101-1.tar.gz",
        "2020-02-04T04:01:03.3440Z, 35.6310 seconds, v1.25, Python 3.11, RFC 9110, HTTP 404",
        "rpc error: code = Internal desc = boom",
        "exit code: Error, code: 404, code=137",
        "task TN00097 of JOB474362ef-091d-429f-9b3e-c9246b37dee6 failed: ImagePullBackOff",
        "$App.1234, SHA256, UTF-8, ORA-00942, CVE-2020-1234, KB4056892, ECC000111",
        "<Code>Ab</Code>, <Code>Abé</Code>",
        f"<Code>A{'b' * 100}</Code>",
        "Code=Ab, Message=m, Code=Abé, Message=m",
        f"Code=A{'b' * 101}, Message=m",
        "code: VPC.٣٣٣٣",
        "nginx.12345 is gone, ecs.1234 too",
        "Release.2024, RELEASE.2024, RFC.2616, ISO.8601, V100.0001, V.2024, Python.3110",
        "Build.20260301 failed, BUILD.20260301, APP.202603011200, Image_20260301, IMG_LATEST",
        "host:8080, web:Release.2024, CCE.1400:8080, app:REL.0001, shop/web:VPC.0001, VPC.0001@a",
        "git@Host.1234:VPC.0602, at a:XYZ.014001:b",
        "org.apache.kafka:kafka-clients:3.4.1, com.example:LIB.0001:jar, com.example.App.12345",
        "com.example.App$1.run(App.java:1234), Caused by: Foo.Bar.1234, LIB.0001.jar, LIB.0001-b2",
        "10.0.0.1, 10.0.0.1:8080, fe80::1:2345, kernel 5.10.0-60.18.0, EulerOS.2509",
        "ERROR_1234567, RDS_20240101",
        "DEV.2024, ORA-12541 and no more, [JIRA-10008] a ticket, [PROJ-1234], error 404: gone",
        "npm ERR! code 1, npm error code null, error code: 12345",
        "CSMS.XXXX, APITEST.00XXXXXXXX",
        '{"code": "CCE.0140',
        "{'code': 'CCE.0140",
        "",
    ],
)
def test_text_without_a_code_claims_none(text: str) -> None:
    assert find_code(text) is None

// Signs a stream's name with a library for JavaScript.
//
// Arguments: the library, the key's id and file, the name, when the right ends; for a custom policy also after when it
// begins, and where the viewer is. The libraries are found by NODE_PATH.

const fs = require("fs");

const [library, keyId, keyFile, name, end, begin, network] = process.argv.slice(2);
const host = "s1.example.net";
const key = fs.readFileSync(keyFile, "utf8");
const time = (seconds) => seconds && new Date(Number(seconds) * 1000).toISOString();

function today(algorithm) {
    const { getSignedUrl } = require("@aws-sdk/cloudfront-signer");
    return getSignedUrl({
        url: `rtmp://${host}/${name}`,
        keyPairId: keyId,
        privateKey: key,
        dateLessThan: time(end),
        dateGreaterThan: time(begin),
        ipAddress: network,
        algorithm,
    });
}

// It knows no conditions: whoever wanted any wrote the policy.
function policy() {
    const seconds = (text) => ({ "AWS:EpochTime": Number(text) });
    const condition = { DateLessThan: seconds(end), DateGreaterThan: seconds(begin) };
    condition.IpAddress = { "AWS:SourceIp": network };
    return JSON.stringify({ Statement: [{ Resource: name, Condition: condition }] });
}

function before() {
    const { Signer } = require("aws-sdk/clients/cloudfront");
    const terms = begin ? { policy: policy() } : { expires: Number(end) };
    return new Signer(keyId, key).getSignedUrl({ url: `rtmp://${host}/${name}`, ...terms });
}

function mostUsed() {
    const { getSignedRTMPUrl } = require("aws-cloudfront-sign");
    const terms = { keypairId: keyId, privateKeyString: key, expireTime: Number(end) * 1000 };
    // Of conditions it knows this one only.
    return getSignedRTMPUrl(host, name, { ...terms, ipRange: network }).rtmpStreamName;
}

const libraries = {
    "cloudfront-signer": () => today(),
    "cloudfront-signer-sha256": () => today("SHA256"),
    "aws-sdk": before,
    "aws-cloudfront-sign": mostUsed,
};
console.log(libraries[library]());

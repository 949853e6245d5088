// An OPC UA server by people who have never seen ours: node-opcua. Used by test_opcua_node.py.
//
// node node_peer.js PORT POLICY FOLDER: POLICY is None or a security policy, FOLDER has the keys and the password.
// Says "ready" when it listens; each line that it reads is obeyed: "bad", "good".
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { MessageSecurityMode, SecurityPolicy } = require("node-opcua-secure-channel");
const { OPCUAServer } = require("node-opcua-server");
const { StatusCodes } = require("node-opcua-status-code");
const { DataType, Variant } = require("node-opcua-variant");

const [port, policy, folder] = process.argv.slice(2);
const POLICIES = {
    None: SecurityPolicy.None,
    Basic256Sha256: SecurityPolicy.Basic256Sha256,
    Aes256Sha256RsaPss: SecurityPolicy.Aes256_Sha256_RsaPss,
};
const isSecured = policy !== "None";
const NODES = {
    SoC: [DataType.Float, 55.5],
    Mode: [DataType.UInt16, 1],
    Name: [DataType.String, "Speicher"],
    Alive: [DataType.Boolean, true],
    ModeSet: [DataType.UInt16, 0],
    PowerSet: [DataType.Double, 0],
    SmallSet: [DataType.Byte, 0],
};

async function trusting() {
    const manager = new OPCUACertificateManager({
        automaticallyAcceptUnknownCertificate: false,
        rootFolder: path.join(folder, "pki"),
    });
    await manager.initialize();
    if (isSecured) await manager.trustCertificate(fs.readFileSync(path.join(folder, "hub.der")));
    return manager;
}

function securedOptions() {
    const password = fs.readFileSync(path.join(folder, "password"), "utf8").trim();
    return {
        certificateFile: path.join(folder, "server.der"),
        privateKeyFile: path.join(folder, "server.pem"),
        allowAnonymous: false,
        userManager: { isValidUser: (user, given) => user === "hub" && given === password },
    };
}

async function main() {
    const server = new OPCUAServer({
        port: Number(port),
        hostname: "127.0.0.1",
        resourcePath: "/hallig/",
        serverInfo: { applicationUri: "urn:hallig:bench:server" },
        securityModes: [isSecured ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None],
        securityPolicies: [POLICIES[policy]],
        disableDiscovery: false,
        serverCertificateManager: await trusting(),
        ...(isSecured ? securedOptions() : {}),
    });
    await server.initialize();
    const space = server.engine.addressSpace;
    const namespace = space.registerNamespace("urn:hallig:test");
    const made = {};
    for (const [name, [dataType, value]] of Object.entries(NODES)) {
        made[name] = namespace.addVariable({
            organizedBy: space.rootFolder.objects,
            nodeId: `ns=2;s=${name}`,
            browseName: name,
            dataType,
        });
        made[name].setValueFromSource(new Variant({ dataType, value }));
    }
    await server.start();
    console.log("ready");
    process.stdin.on("data", (line) => {
        const status = line.toString().trim() === "bad" ? StatusCodes.BadNoCommunication : StatusCodes.Good;
        made.SoC.setValueFromSource(new Variant({ dataType: DataType.Float, value: 55.5 }), status);
    });
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});

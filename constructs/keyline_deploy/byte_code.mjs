// Compiles Python for Lambda. Pyodide is CPython of one version, which runs under node.
//
//     node byte_code.mjs jobs.json
//
// The jobs are [[source, byte code, name], …]: two paths of this machine, and the path of the source
// on Lambda, which tracebacks show. The byte code of what does not compile is an empty file: Lambda
// says why when it imports the source. Prints the version of Python.
import { readFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const python = await loadPyodide();
python.mountNodeFS("/machine", "/");
python.globals.set("jobs", readFileSync(process.argv[2], "utf-8"));
console.log(
  python.runPython(`
import json
import platform
from pathlib import Path
from py_compile import PyCompileError, PycInvalidationMode, compile

for source, byte_code, name in json.loads(jobs):
    try:
        compile(
            "/machine" + source,
            "/machine" + byte_code,
            name,
            doraise=True,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
    except PyCompileError:
        Path("/machine" + byte_code).touch()
platform.python_version()
`),
);

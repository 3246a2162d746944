/// The version of the program, in this one place: --version, run.json, reports and packages have it from here.
public let programVersion = "0.2.0"

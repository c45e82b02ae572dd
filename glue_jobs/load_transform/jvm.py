"""What would be many calls from Python to the JVM, as one.

A call takes about 0.2 ms, and a file's name, size and time are six: ten thousand files would cost a load half a minute.
So they are gathered there, by Java that Janino compiles, the compiler that Spark has for the code that it generates.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import uuid4

_SOURCE = """
import java.io.FileNotFoundException;
import java.io.IOException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

public class NAME {
    private FileSystem files;
    private boolean isObjectStore;

    public NAME on(FileSystem files, boolean isObjectStore) {
        this.files = files;
        this.isObjectStore = isObjectStore;
        return this;
    }

    public String below(String address) throws IOException {
        StringBuilder told = new StringBuilder();
        if (isObjectStore) {
            // One request for a thousand objects, whatever their folders.
            try {
                RemoteIterator found = files.listFiles(new Path(address), true);
                while (found.hasNext()) {
                    tell((FileStatus) found.next(), told);
                }
            } catch (FileNotFoundException none) {
                return "";
            }
        } else {
            // Not `listFiles`: it asks for each file's owner, and Hadoop asks local folders by starting `ls` for it.
            walk(new Path(address), told);
        }
        return told.toString();
    }

    private void walk(Path folder, StringBuilder told) throws IOException {
        FileStatus[] found = list(folder);
        for (int i = 0; i < found.length; i++) {
            if (found[i].isDirectory()) {
                walk(found[i].getPath(), told);
            } else {
                tell(found[i], told);
            }
        }
    }

    public String folders(String address) throws IOException {
        StringBuilder told = new StringBuilder();
        FileStatus[] found = list(new Path(address));
        for (int i = 0; i < found.length; i++) {
            if (found[i].isDirectory()) {
                told.append(found[i].getPath().toUri().toString()).append('\\n');
            }
        }
        return told.toString();
    }

    private FileStatus[] list(Path folder) throws IOException {
        // An exception that reaches Python costs it a dozen calls to learn what it is.
        try {
            return files.listStatus(folder);
        } catch (FileNotFoundException none) {
            return new FileStatus[0];
        }
    }

    public String at(String address) throws IOException {
        StringBuilder told = new StringBuilder();
        try {
            tell(files.getFileStatus(new Path(address)), told);
        } catch (FileNotFoundException none) {
            return "";
        }
        return told.toString();
    }

    private void tell(FileStatus file, StringBuilder told) {
        told.append(file.getLen()).append(' ').append(file.getModificationTime()).append(' ');
        told.append(file.getPath().toUri().toString()).append('\\n');
    }

    public String move(String source, String target) throws IOException {
        Path to = new Path(target);
        if (files.exists(to)) {
            return "taken";
        }
        if (!isObjectStore) {
            files.mkdirs(to.getParent());
        }
        return files.rename(new Path(source), to) ? "moved" : "failed";
    }
}
"""


def file_calls(jvm: Any, file_system: Any, *, is_object_store: bool) -> Any:
    """Return an object of the JVM with these calls on a Hadoop file system; all take an address.

    `below` and `at` return a line a file, `<bytes> <epoch milliseconds> <encoded URI>`: of all below a folder, or of
    one, if it is there. `folders` returns a line, its encoded URI, for each folder straight below one. `move` renames
    and tells how that went, `moved`, `failed` or, where something is there already, `taken`; where folders are no mere
    names, it makes the one that is needed.
    """
    return _compiled(jvm).newInstance(None).on(file_system, is_object_store)


@cache
def _compiled(jvm: Any) -> Any:
    # Py4J knows classes by their names alone: one that was compiled before, for another session, must not be taken.
    name = f"LoadTransformFiles{uuid4().hex}"
    compiler = jvm.org.codehaus.janino.SimpleCompiler()
    compiler.setParentClassLoader(jvm.Thread.currentThread().getContextClassLoader())
    compiler.cook(_SOURCE.replace("NAME", name))
    return compiler.getClassLoader().loadClass(name).getDeclaredConstructors()[0]

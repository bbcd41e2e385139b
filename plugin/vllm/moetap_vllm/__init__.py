"""Tells libmoetap.so which request and position each row of a batch is.

Found by vLLM through its `vllm.general_plugins` entry point.  It observes the
engine and reports through the C ABI of plugin/moetap.h; it never changes what
the engine computes.  Without a preloaded libmoetap.so it does nothing.
"""


def register():
    """Entry point; vLLM may call it in any process, and more than once."""
    try:
        from moetap_vllm import install
        install.install()
    except Exception as error:
        import sys
        print(f"moetap: no request identity: {error!r}", file=sys.stderr)

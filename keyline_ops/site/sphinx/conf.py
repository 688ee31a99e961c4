"""Sphinx's settings for the site. The pages come from `keyline_ops.site.build`."""

import os
import sys

sys.path.extend(filter(None, os.environ.get("SITE_PYTHON_PATH", "").split(os.pathsep)))

project = "Keyline"
project_copyright = "the Keyline authors"
root_doc = "index"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

myst_enable_extensions = ["html_image"]
myst_heading_anchors = 6
myst_links_external_new_tab = False
suppress_warnings = [
    "myst.header",  # some pages begin their sections at the third level
    "misc.highlighting_failure",  # an example may be of several languages
    "ref.python",  # names like `type` are attributes of many classes
]

default_role = "literal"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
add_module_names = False
python_use_unqualified_type_names = True
napoleon_google_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "Keyline"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sphinx = False
html_copy_source = False
html_permalinks_icon = "#"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
